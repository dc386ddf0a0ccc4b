// Damages what a stopped (or running) server has stored, and shows what lies on disk.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Runs Python on the database of a data directory: the standard library of Python reads SQLite, that of Node 20 does
 * not. The code finds the open connection as `db` and its own arguments as `arguments`; what it prints is returned.
 */
export function onDatabase (data, code, ...args) {
  const prelude = 'import json, sqlite3, sys\n' +
    'db = sqlite3.connect(sys.argv[1], timeout=10)\narguments = sys.argv[2:]\n'
  return execFileSync('python3', ['-c', `${prelude}${code}\ndb.commit()`, join(data, 'weft.db'), ...args], { encoding: 'utf8' })
}

/** Where a document's snapshot is: `inline`, `blob` (with the file's path) or `none`. */
export function snapshotOf (data, name) {
  const row = JSON.parse(onDatabase(data, `
row = db.execute('SELECT inline_bytes IS NOT NULL, hex(blob_key) FROM snapshots WHERE document_id = (SELECT id FROM documents WHERE name = ?)', arguments).fetchone()
print(json.dumps(row))`, name))
  if (row === null) return { kind: 'none' }
  const [inline, key] = row
  if (inline) return { kind: 'inline' }
  const hex = key.toLowerCase()
  return { kind: 'blob', path: join(data, 'blobs', hex.slice(0, 2), hex.slice(2)) }
}

/** Overwrites the middle of an inline snapshot. */
export const corruptInlineSnapshot = (data, name) => onDatabase(data, `
document, content = db.execute('SELECT document_id, inline_bytes FROM snapshots WHERE document_id = (SELECT id FROM documents WHERE name = ?)', arguments).fetchone()
middle = len(content) // 2
damaged = content[:middle] + bytes(byte ^ 0x5a for byte in content[middle:middle + 8]) + content[middle + 8:]
db.execute('UPDATE snapshots SET inline_bytes = ? WHERE document_id = ?', (damaged, document))`, name)

/** Everything stored for a document in the database, as one digest. */
export const storedDigest = (data, name) => onDatabase(data, `
import hashlib
digest = hashlib.sha256()
document = db.execute('SELECT id, head_seq, snapshot_seq FROM documents WHERE name = ?', arguments).fetchone()
digest.update(repr(document).encode())
for table in ('updates', 'snapshots', 'history'):
    for row in db.execute(f'SELECT * FROM {table} WHERE document_id = ? ORDER BY rowid' if table == 'snapshots' else f'SELECT * FROM {table} WHERE document_id = ? ORDER BY 2', (document[0],)):
        digest.update(repr(row).encode())
print(digest.hexdigest())`, name).trim()

/** Relative path → SHA-256 of every file below a directory. */
export function filesBelow (directory, prefix = '') {
  const files = {}
  for (const entry of readdirSync(join(directory, prefix))) {
    const path = join(prefix, entry)
    if (statSync(join(directory, path)).isDirectory()) Object.assign(files, filesBelow(directory, path))
    else files[path] = createHash('sha256').update(readFileSync(join(directory, path))).digest('hex')
  }
  return files
}

/** Runs a command; throws with its output if it fails. */
export const command = (file, ...args) => execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
