/** Of the package, and of what it says of itself. */
export const VERSION = '0.1.0'
