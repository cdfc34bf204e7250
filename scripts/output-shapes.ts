// What the shapes of `--json` are put together from.
import { Type, type TSchema } from '@sinclair/typebox'

export const text = (description: string) => Type.String({ description })
export const count = (description = '') =>
  Type.Integer({ minimum: 0, ...(description === '' ? {} : { description }) })
export const nullable = (schema: TSchema, description = '') =>
  Type.Union([schema, Type.Null()], description === '' ? {} : { description })
export const shape = (properties: Record<string, TSchema>, description = '') =>
  Type.Object(properties, { additionalProperties: false, ...(description === '' ? {} : { description }) })
export const byName = (schema: TSchema, description: string) =>
  Type.Record(Type.String(), schema, { description })

export const version = Type.Literal(1, { description: 'Of this shape.' })
