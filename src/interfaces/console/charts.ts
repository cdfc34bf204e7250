// Small charts, drawn as SVG where the page is made: no script, no style of their own. Each says in words what it shows; the numbers stand
// in a table beside it.
import { type Html, html } from './html.ts'

export interface Layer {
  /** A class of the stylesheet: `good`, `bad`, `wait`, `plain`. */
  kind: string
  values: readonly number[]
}

const WIDTH = 300
const HEIGHT = 60
const GAP = 1

/** One bar for each day, layers on top of each other. */
export function bars(label: string, layers: readonly Layer[]): Html {
  const count = Math.max(1, ...layers.map(({ values }) => values.length))
  const totals = Array.from({ length: count }, (_, day) =>
    layers.reduce((sum, { values }) => sum + (values[day] ?? 0), 0),
  )
  const most = Math.max(1, ...totals)
  const width = WIDTH / count
  const below = Array.from({ length: count }, () => 0)
  const shapes = layers.map(({ kind, values }) =>
    values.map((value, day) => {
      if (value === 0) return null
      const height = Math.max(1, (value / most) * HEIGHT)
      const y = HEIGHT - below[day]! - height
      below[day]! += height
      return html`<rect
        class="${kind}"
        x="${round(day * width)}"
        y="${round(y)}"
        width="${round(Math.max(1, width - GAP))}"
        height="${round(height)}"
      />`
    }),
  )
  return html`<svg
    class="chart"
    role="img"
    aria-label="${label}"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    preserveAspectRatio="none"
  >
    ${shapes}
  </svg>`
}

const round = (value: number): number => Math.round(value * 100) / 100
