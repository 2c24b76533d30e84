"""What all conformance tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conformance_field import CACHE, able, one_of_each_family, refusals

from when_async.bench.machine.host import Host, make_host


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Statements are made of all runners that can run here; of each other one test shows that it cannot."""
    if "story" in metafunc.fixturenames:
        metafunc.parametrize("story", able(), indirect=True, scope="module")
    if "member" in metafunc.fixturenames:
        metafunc.parametrize("member", one_of_each_family().values(), ids=one_of_each_family())
    if "refused" in metafunc.fixturenames:
        metafunc.parametrize("refused", refusals())


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A cache of our own, which nobody else's runs see."""
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def host(cache_folder: str) -> Iterator[Host]:
    """This machine, as a run sees it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE, cache_folder)
        host = make_host()
    yield host
    host.reaper.close()
