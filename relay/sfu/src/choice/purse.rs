//! What the link carries, as it is given away.

/// What goes already may be above the estimate by so many %: rates and estimates shake.
pub(super) const TOLERANCE: u64 = 105;
/// What is added must fit with so many % of the whole.
pub(super) const HEADROOM: u64 = 115;
/// What may still be given away.
pub(super) struct Purse {
    pub(super) budget: u64,
    pub(super) spent: u64,
    pub(super) may_rise: bool,
}

impl Purse {
    /// Pays `more` if the link carries it; `held` if that has been going down already.
    pub(super) fn pay(&mut self, more: u64, held: bool) -> bool {
        let whole = self.spent.saturating_add(more);
        let fits = if held {
            whole.saturating_mul(100) <= self.budget.saturating_mul(TOLERANCE)
        } else {
            self.may_rise && whole.saturating_mul(HEADROOM) <= self.budget.saturating_mul(100)
        };
        if fits {
            self.spent = whole;
        }
        fits
    }
}
