"""The tables of the index."""

LAYOUT = 1  # of the tables; an index of another layout is made again

MARK = 0x50504658  # application_id: tells our file from that of another program
TABLES = f"""
PRAGMA application_id = {MARK};
PRAGMA user_version = {LAYOUT};
CREATE TABLE IF NOT EXISTS photos (
    id INTEGER PRIMARY KEY, digest TEXT UNIQUE, version TEXT, smallest REAL, error TEXT, body TEXT);
CREATE TABLE IF NOT EXISTS faces (
    id INTEGER PRIMARY KEY, photo INTEGER, height REAL, body TEXT, embedding BLOB);
CREATE INDEX IF NOT EXISTS faces_of_photo ON faces (photo);
CREATE TABLE IF NOT EXISTS files (
    path BLOB PRIMARY KEY, size INTEGER, changed_ns INTEGER, digest TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS files_of_digest ON files (digest);
CREATE TABLE IF NOT EXISTS members (digest TEXT, box TEXT, person INTEGER);
CREATE TABLE IF NOT EXISTS decisions (
    id INTEGER PRIMARY KEY, number INTEGER, command TEXT, act TEXT, person INTEGER, name TEXT,
    digest TEXT, box TEXT, before INTEGER);
CREATE TABLE IF NOT EXISTS people_ids (id INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE IF NOT EXISTS people_runs (fingerprint TEXT, similarity REAL);
CREATE TABLE IF NOT EXISTS tastes (
    taste TEXT, photo INTEGER, probability REAL, PRIMARY KEY (taste, photo)) WITHOUT ROWID;
"""
# What `forget` takes out of the tables of `proportrait.people`: photos, then names without any.
FORGOTTEN = (
    "DELETE FROM members WHERE digest NOT IN (SELECT digest FROM files)",
    "DELETE FROM decisions WHERE digest IS NOT NULL AND digest NOT IN (SELECT digest FROM files)",
    "DELETE FROM decisions WHERE digest IS NULL AND person NOT IN (SELECT person FROM members "
    "UNION SELECT person FROM decisions WHERE digest IS NOT NULL)",
    "DELETE FROM people_runs",
)
