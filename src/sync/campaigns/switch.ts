// A campaign, switched off and on by a person. What comes due meanwhile is held, and nothing is lost.
import { META } from '../../state/meta.ts'
import type { Store } from '../../state/store.ts'

export const isPaused = ({ meta }: Pick<Store, 'meta'>, campaign: string): boolean =>
  meta.get(META.campaignPaused(campaign)) !== null

export function pauseCampaign({ meta }: Store, campaign: string): void {
  meta.set(META.campaignPaused(campaign), '1')
}

/** What was held is decided by the next run. Called in a transaction. */
export function resumeCampaign({ meta, campaigns }: Store, campaign: string): void {
  meta.remove(META.campaignPaused(campaign))
  campaigns.release(campaign)
}
