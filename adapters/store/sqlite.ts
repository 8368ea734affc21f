import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
// A release candidate in Node 24; the runtime is pinned.
// eslint-disable-next-line n/no-unsupported-features/node-builtins
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { SqliteDialect, type SqliteDatabase } from 'kysely';

/** How long another process's write is waited for, ms. */
const busyMs = 5_000;

/**
 * Node's own SQLite in the shape that the query layer knows. What is committed is on the disk: a
 * process that is killed loses nothing of it.
 *
 * @param path of the file, made where there is none; `:memory:` for none at all
 * @throws Error when it cannot be opened
 */
export function sqliteDialect(path: string): SqliteDialect {
  if (path !== ':memory:') {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // It holds what callers say; what SQLite puts beside it gets the same rights.
    closeSync(openSync(path, 'a', 0o600));
  }
  const database = new DatabaseSync(path);
  database.exec(
    `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = ${busyMs};`,
  );
  return new SqliteDialect({ database: adapted(database) });
}

function adapted(database: DatabaseSync): SqliteDatabase {
  return {
    close: () => database.close(),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      const values = (given: readonly unknown[]): SQLInputValue[] => given as SQLInputValue[];
      return {
        reader: statement.columns().length > 0,
        all: (given) => statement.all(...values(given)),
        run: (given) => statement.run(...values(given)),
        iterate: (given) => statement.iterate(...values(given)),
      };
    },
  };
}
