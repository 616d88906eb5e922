from __future__ import annotations

import pytest

import herd


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> herd.Sites:
    """Both nights of the small catalog, built into one folder."""
    return herd.build(tmp_path_factory.mktemp("sites"))
