//! What the link carries, as it is given away.

/// What goes already may be above the estimate by so many %: rates and estimates shake.
pub(super) const TOLERANCE: u64 = 105;
/// So much right after something was added: what it really takes shows in the estimate later than in the rates.
pub(super) const UNSETTLED: u64 = 130;
/// What is added must fit with so many % of the whole.
pub(super) const HEADROOM: u64 = 115;

/// What may still be given away.
pub(super) struct Purse {
    pub(super) budget: u64,
    pub(super) spent: u64,
    /// In % of the budget.
    pub(super) tolerance: u64,
    pub(super) may_rise: bool,
}

impl Purse {
    /// Pays for a picture's smallest layer if the link carries it; `held` if it goes down already: then it stays as long as it can, as whatever comes back
    /// needs a keyframe.
    pub(super) fn pay_smallest(&mut self, more: u64, held: bool) -> bool {
        let tolerance = self.tolerance;
        if held {
            self.tolerance = UNSETTLED;
        }
        let fits = self.pay(more, held);
        if held {
            self.tolerance = tolerance;
        }
        fits
    }

    /// Pays `more` if the link carries it; `held` if that has been going down already.
    pub(super) fn pay(&mut self, more: u64, held: bool) -> bool {
        let whole = self.spent.saturating_add(more);
        let fits = if held {
            self.holds(whole)
        } else {
            self.may_rise && whole.saturating_mul(HEADROOM) <= self.budget.saturating_mul(100)
        };
        if fits {
            self.spent = whole;
            if !held {
                // What goes already does not rely on the benefit of the doubt together with what is new.
                self.tolerance = TOLERANCE;
            }
        }
        fits
    }

    /// Returns whether the link carries so much of what goes down already.
    pub(super) fn holds(&self, whole: u64) -> bool {
        whole.saturating_mul(100) <= self.budget.saturating_mul(self.tolerance)
    }
}
