-- Who is away until when, and who is asked in their place. What is over is taken out at the next change.
CREATE TABLE away (
    person   TEXT    PRIMARY KEY,
    since    INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    delegate TEXT,
    because  TEXT
) STRICT, WITHOUT ROWID;
