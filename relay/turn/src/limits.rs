//! What nobody may have more of.

/// What nobody may have more of: the same for all servers of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Relayed addresses in all. One that is reserved counts, too.
    pub allocations: usize,
    /// Relayed addresses of one user. A browser makes one for each URL, interface and address family.
    pub allocations_per_user: usize,
    /// Permissions of one allocation.
    pub permissions: usize,
    /// Channels of one allocation.
    pub channels: usize,
    /// Payload bytes that one user sends and receives in a second.
    pub user_bytes_per_second: u64,
    /// Packets that one user sends and receives in a second.
    pub user_packets_per_second: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            allocations: 4096,
            allocations_per_user: 48,
            permissions: 64,
            channels: 64,
            user_bytes_per_second: 12_500_000,
            user_packets_per_second: 20_000,
        }
    }
}
