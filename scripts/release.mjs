// A release by one command: npm run release 0.2.0. Checks, moves the version and the changelog's heading, commits and tags; nothing is pushed.
//   --check vX.Y.Z   whether tag, package.json and CHANGELOG.md agree (the workflow asks)
//   --notes vX.Y.Z   what the changelog says of it
//   --tag vX.Y.Z     the name under which npm installs it: latest, or next for 1.0.0-rc.1
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const fail = (message) => {
  process.stderr.write(`release: ${message}\n`)
  process.exit(1)
}
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim()
const readPackage = () => JSON.parse(readFileSync('package.json', 'utf8'))

/** Sections by their version; null: of what is not released. */
function notesOf(version) {
  const [, ...sections] = readFileSync('CHANGELOG.md', 'utf8').split(/^## /m)
  const section = sections.find((one) => one.startsWith(version === null ? 'Unreleased' : version))
  return section === undefined ? null : section.slice(section.indexOf('\n')).trim()
}

const [first, second] = process.argv.slice(2)
if (first === '--tag') {
  process.stdout.write(`${(second ?? '').includes('-') ? 'next' : 'latest'}\n`)
} else if (first === '--check' || first === '--notes') {
  const version = (second ?? '').replace(/^v/, '')
  const notes = notesOf(version)
  if (notes === null || notes === '') fail(`CHANGELOG.md says nothing of ${version}.`)
  if (readPackage().version !== version) fail(`package.json is ${readPackage().version}, the tag ${version}.`)
  // npm publishes with provenance only what names the repository that builds it.
  if (readPackage().repository === undefined) fail('package.json names no repository.')
  if (first === '--notes') process.stdout.write(`${notes}\n`)
} else {
  const version = first ?? ''
  if (!/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version)) fail('name a version: npm run release 0.2.0')
  if (git('status', '--porcelain') !== '') fail('there are changes that are not committed.')
  if (git('tag', '--list', `v${version}`) !== '') fail(`v${version} is there already.`)
  const notes = notesOf(null)
  if (notes === null || notes === '') fail('CHANGELOG.md has nothing under Unreleased.')
  const day = new Date().toISOString().slice(0, 10)
  const changelog = readFileSync('CHANGELOG.md', 'utf8')
  const options = ['--no-git-tag-version', '--allow-same-version']
  execFileSync('npm', ['version', version, ...options], { stdio: 'ignore' })
  writeFileSync(
    'CHANGELOG.md',
    changelog.replace('## Unreleased\n', `## Unreleased\n\n## ${version} - ${day}\n`),
  )
  git('add', 'CHANGELOG.md', 'package.json', 'package-lock.json')
  git('commit', '--quiet', '--message', `Release ${version}`)
  git('tag', '--annotate', `v${version}`, '--message', `tajo ${version}`)
  process.stdout.write(`v${version} is committed and tagged. To publish it: git push --follow-tags\n`)
}
