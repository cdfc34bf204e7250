// A command that root calls on the state of a daemon that is not root: what it made there belongs to the daemon, or that one could not go on.
import { lchownSync, lstatSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Nothing for anybody else. Of files with another name elsewhere the owner is left as it is. */
export function leaveToOwner(stateDir: string): void {
  if (process.getuid?.() !== 0) return
  // Of systemd's DynamicUser the directory is a link to another, which is theirs.
  const { uid, gid } = statSync(stateDir, { throwIfNoEntry: false }) ?? { uid: 0, gid: 0 }
  if (uid === 0) return
  for (const entry of readdirSync(stateDir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const made = lstatSync(path, { throwIfNoEntry: false })
    if (made?.uid === 0 && (made.isDirectory() || (made.isFile() && made.nlink === 1)))
      lchownSync(path, uid, gid)
  }
}
