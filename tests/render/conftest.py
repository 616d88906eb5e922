from __future__ import annotations

import pytest
from tests import small_catalog as small


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> small.Sites:
    """Both nights of the small catalog, built into one folder."""
    return small.build(tmp_path_factory.mktemp("sites"))
