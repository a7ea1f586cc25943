"""The embedded PostgreSQL: databases of tests, and what an earlier server left."""

import os
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import sql

from scripts.local import places
from scripts.local.places import find_place, socket_folder
from scripts.local.postgres import EmbeddedPostgres, PostgresError


def _postmaster(server: EmbeddedPostgres) -> int:
    return int((find_place(server.folder).data / "postmaster.pid").read_text().splitlines()[0])


def _count(url: str, table: str) -> int:
    with psycopg.connect(url) as session:
        row = session.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Callable[[], EmbeddedPostgres]]:
    """Makes servers of one folder, which are all gone after the test."""
    servers = []

    def make() -> EmbeddedPostgres:
        servers.append(EmbeddedPostgres(tmp_path / "postgres"))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()
    for server in servers:
        server.remove()


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_a_migrated_empty_database_of_its_own(orders_database_url: str, turn: int) -> None:
    assert _count(orders_database_url, "shows") == 0
    with psycopg.connect(orders_database_url) as session:
        session.execute("CREATE TABLE left_behind AS SELECT 1")  # the other turn's table would be in the way


def test_data_survives_a_stop_and_a_start(make_server: Callable[[], EmbeddedPostgres]) -> None:
    with make_server() as server, psycopg.connect(server.ensure_database("kept"), autocommit=True) as session:
        session.execute("CREATE TABLE things AS SELECT 1")
    with make_server() as server:
        assert _count(server.ensure_database("kept"), "things") == 1


def test_a_server_that_outlived_its_starter_is_ended_and_its_data_kept(
    make_server: Callable[[], EmbeddedPostgres],
) -> None:
    orphan = make_server()
    orphan.start()
    with psycopg.connect(orphan.url(), autocommit=True) as session:
        session.execute("CREATE TABLE things AS SELECT 1")
        former = psutil.Process(_postmaster(orphan))
        with make_server() as server:
            assert not former.is_running() or former.status() == psutil.STATUS_ZOMBIE
            assert _count(server.url(), "things") == 1


def test_a_start_after_a_kill_recovers_what_was_committed(make_server: Callable[[], EmbeddedPostgres]) -> None:
    server = make_server()
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as session:
        session.execute("CREATE TABLE things AS SELECT 1")
    os.kill(_postmaster(server), signal.SIGKILL)
    with make_server() as restarted:
        assert _count(restarted.url(), "things") == 1


def test_a_lock_file_whose_process_id_is_now_anothers_does_not_stop_the_start(
    make_server: Callable[[], EmbeddedPostgres],
) -> None:
    with make_server() as server:
        lock = find_place(server.folder).data / "postmaster.pid"
        content = lock.read_text().splitlines()
    stranger = subprocess.Popen(["/bin/sleep", "60"], user=find_place(server.folder).data.stat().st_uid)
    try:
        lock.write_text("\n".join([str(stranger.pid), *content[1:]]))
        with make_server() as restarted:
            assert _postmaster(restarted) != stranger.pid
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_interrupted_making_of_the_data_is_made_anew(make_server: Callable[[], EmbeddedPostgres]) -> None:
    unfinished = find_place(make_server().folder).home / "data.unfinished"
    unfinished.mkdir()
    (unfinished / "half").write_text("a file that initdb did not finish")
    with make_server() as server:
        assert not unfinished.exists()
        assert _count(server.url(), "pg_database") == 3


def test_only_the_servers_account_may_enter_its_data_and_its_socket(
    make_server: Callable[[], EmbeddedPostgres],
) -> None:
    with make_server() as server:
        place = find_place(server.folder)
        for folder in (place.data, place.home / "socket"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert folder.stat().st_uid == (place.account.uid if place.account else os.geteuid())
        with psycopg.connect(server.url()) as session:
            assert session.execute("SHOW listen_addresses").fetchone() == ("",)
            assert session.execute("SHOW fsync").fetchone() == ("on",)


def test_no_folder_that_we_did_not_make_changes_its_permissions(
    tmp_path: Path, make_server: Callable[[], EmbeddedPostgres]
) -> None:
    tmp_path.chmod(0o700)
    before = {folder: folder.stat().st_mode for folder in tmp_path.parents}
    with make_server():
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
        assert {folder: folder.stat().st_mode for folder in tmp_path.parents} == before


def test_without_a_user_of_its_own_and_without_useradd_nobody_runs_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_SERVER_USER", "no-such-user")
    monkeypatch.setattr(places, "_MAKE_USER", ["/no/such/useradd"])
    assert places._account_of(tmp_path).name == "nobody"


def test_the_data_stay_with_the_user_who_owns_them(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert places._account_of(tmp_path).uid == os.geteuid()


def test_data_of_another_version_are_refused_and_kept(make_server: Callable[[], EmbeddedPostgres]) -> None:
    server = make_server()
    server.prepare()
    (find_place(server.folder).data / "PG_VERSION").write_text("17\n")
    with pytest.raises(PostgresError, match="are of PostgreSQL 17; begin anew with --fresh"):
        server.start()


def test_a_long_path_gets_a_short_private_socket_folder(tmp_path: Path) -> None:
    place = find_place(tmp_path / "postgres")
    long = place.home / ("a" * 90)
    folder, temporary = socket_folder(type(place)(long, place.binaries, place.account))
    try:
        assert temporary
        assert len(str(folder)) < 86
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        folder.rmdir()
        EmbeddedPostgres(tmp_path / "postgres").remove()


def test_removing_a_server_leaves_nothing(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres")
    home = find_place(server.folder).home
    with server:
        assert (home / "data").exists()
    server.remove()
    assert not home.exists()
    assert not server.folder.exists()
