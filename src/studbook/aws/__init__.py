"""AWS as Studbook meets it: sessions by account, read-only, paced; and what a failure means."""
