"""Multi-model endpoints."""

from tests.fact_records import ACCOUNT, REGION, Estate, asset, inputs

from studbook.model.facts import ServedFolder, Weights

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
MODEL = f"{ARN}:model/mme"


class TestServed:
    def test_every_version_under_the_prefix_is_a_candidate(self):
        """Whichever a request names is loaded; what lies beside the prefix never is."""
        packages = [f"{ARN}:model-package/fraud/{version}" for version in (1, 2, 3)]
        places = ["s3://models/served/1.tar.gz", "s3://models/served/old/2.tar.gz", "s3://models/served2/3.tar.gz"]
        claims = [Weights(asset=one, uri=uri, evidence="t:T#w") for one, uri in zip(packages, places, strict=True)]
        served = ServedFolder(model=MODEL, uri="s3://models/served", evidence="t:T#f")
        shown = [asset("model_package", one) for one in packages]
        linked = Estate().say(*shown, asset("model", MODEL, "mme"), claims=[served, *claims]).linked()

        assert inputs(linked, MODEL, "packaged_as") == dict.fromkeys(
            packages[:2], ("inferred", True, {"rule:s3-prefix"})
        )

    def test_a_version_that_is_the_whole_prefix(self):
        """Registered as the folder itself, with or without its final slash, it may answer, too."""
        package = f"{ARN}:model-package/fraud/1"
        for uri in ("s3://models/served", "s3://models/served/"):
            claims = [ServedFolder(model=MODEL, uri="s3://models/served/", evidence="t:T#f")]
            claims.append(Weights(asset=package, uri=uri, evidence="t:T#w"))
            estate = Estate().say(asset("model_package", package), asset("model", MODEL, "mme"), claims=claims)
            assert inputs(estate.linked(), MODEL, "packaged_as") == {package: ("inferred", True, {"rule:s3-prefix"})}
