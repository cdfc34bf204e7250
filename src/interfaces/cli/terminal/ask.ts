// Questions on the terminal, and answers that come through standard input instead.
import { createInterface, type Interface } from 'node:readline'

import { TajoError } from '../../../lib/errors.ts'

export interface StdinLines {
  /** The next line, trimmed; null at the end. */
  next(): Promise<string | null>
  /** The same, and it is still there for whoever asks next. */
  peek(): Promise<string | null>
  /** Nothing more is read. */
  close(): void
}

export function createStdinLines(): StdinLines {
  let reader: Interface | null = null
  let iterator: AsyncIterator<string> | null = null
  let coming: Promise<string | null> | null = null

  async function read(): Promise<string | null> {
    reader ??= createInterface({ input: process.stdin })
    iterator ??= reader[Symbol.asyncIterator]()
    const line = await iterator.next()
    return line.done === true ? null : line.value.trim()
  }

  return {
    peek: () => (coming ??= read()),
    async next() {
      const line = await (coming ??= read())
      coming = null
      return line
    },
    close: () => reader?.close(),
  }
}

/** Asks on a terminal; what is typed is not shown if it is `hidden`. */
export async function askSecret(label: string, hidden: boolean): Promise<string> {
  const { isCancel, password, text } = await import('@clack/prompts')
  const message = `${label[0]!.toUpperCase()}${label.slice(1)}`
  const answer = hidden ? await password({ message }) : await text({ message })
  if (isCancel(answer)) throw new TajoError('usage', 'Stopped; nothing was written.')
  return (answer ?? '').trim()
}

export async function confirm(message: string): Promise<boolean> {
  const prompts = await import('@clack/prompts')
  return (await prompts.confirm({ message })) === true
}
