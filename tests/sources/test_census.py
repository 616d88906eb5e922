"""Every reference in AWS's answers is read, or stands in the table with the reason why not."""

from tests.census import take


def test_nothing_is_unclassified():
    """A new botocore with new members fails here, and in `make check`, until they are read or have their reason."""
    found = take()

    assert found.unclassified == (), "read them, or give their reasons in tests/unread_members.txt"
    assert found.stale == ()
    assert found.read > 400
