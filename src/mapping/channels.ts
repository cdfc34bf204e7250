// Channels that helpdesks name. An account may have others of its own, so only what is spelt almost like one of these is a mistake.
export const CHANNELS: readonly string[] = [
  'email',
  'chat',
  'phone',
  'sms',
  'whatsapp',
  'facebook',
  'facebook-mention',
  'facebook-messenger',
  'facebook-recommendations',
  'instagram-ad-comment',
  'instagram-comment',
  'instagram-direct-message',
  'instagram-mention',
  'twitter',
  'twitter-direct-message',
  'contact_form',
  'help-center',
  'aircall',
  'api',
  'internal-note',
  'yotpo-review',
]

/** `e-mail` → `email`; null where the name is known, or like none. */
export function misspeltChannel(name: string): string | null {
  if (CHANNELS.includes(name)) return null
  return CHANNELS.find((one) => toBare(one) === toBare(name)) ?? null
}

const toBare = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
