//! Addresses as numbers, so that what is done to both families is written once.

/// An address: `u32` for IPv4, `u128` for IPv6.
pub trait Address: Copy + Ord {
    /// The lowest address.
    const ZERO: Self;

    /// The address after this one.
    fn next(self) -> Option<Self>;

    /// The address before this one.
    fn previous(self) -> Option<Self>;

    /// The first so many bits, one to 32 of them, as a number.
    fn leading(self, bits: u32) -> u32;

    /// The first address whose leading bits are a number.
    fn first_of(leading: u32, bits: u32) -> Self;

    /// How many leading bits two addresses have in common.
    fn common_bits(self, other: Self) -> u8;

    /// The first and the last address of the network of this length that holds the address; the
    /// address alone if the length is that of an address or beyond.
    fn network(self, length: u8) -> (Self, Self);

    /// How many addresses there are from this one to before another one, or to the last.
    fn count_to(self, end: Option<Self>) -> f64;
}

macro_rules! address {
    ($number:ty) => {
        impl Address for $number {
            const ZERO: Self = 0;

            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }

            fn previous(self) -> Option<Self> {
                self.checked_sub(1)
            }

            fn leading(self, bits: u32) -> u32 {
                (self >> (Self::BITS - bits)) as u32
            }

            fn first_of(leading: u32, bits: u32) -> Self {
                Self::from(leading) << (Self::BITS - bits)
            }

            fn common_bits(self, other: Self) -> u8 {
                (self ^ other).leading_zeros() as u8
            }

            fn network(self, length: u8) -> (Self, Self) {
                let host = Self::MAX.checked_shr(u32::from(length)).unwrap_or(0);
                (self & !host, self | host)
            }

            fn count_to(self, end: Option<Self>) -> f64 {
                match end {
                    Some(end) => (end - self) as f64,
                    None => (Self::MAX - self) as f64 + 1.0,
                }
            }
        }
    };
}

address!(u32);
address!(u128);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_bits_are_a_number() {
        assert_eq!((0xc000_0200_u32.leading(1), 0xc000_0200_u32.leading(32)), (1, 0xc000_0200));
        assert_eq!((0x2001_0db8_u128 << 96).leading(16), 0x2001);
        assert_eq!(u32::first_of(0xc0, 8), 0xc000_0000);
        assert_eq!(u128::first_of(0x2001, 16), 0x2001 << 112);
    }

    #[test]
    fn a_network_is_all_addresses_that_share_its_leading_bits() {
        for (length, first, last) in [
            (0, 0, u32::MAX),
            (8, 0x0a00_0000, 0x0aff_ffff),
            (31, 0x0a01_0202, 0x0a01_0203),
            (32, 0x0a01_0203, 0x0a01_0203),
            (40, 0x0a01_0203, 0x0a01_0203),
        ] {
            assert_eq!(0x0a01_0203_u32.network(length), (first, last), "/{length}");
        }
        assert_eq!(1_u128.network(127), (0, 1));
        assert_eq!((1_u32.common_bits(0), 7_u128.common_bits(7)), (31, 128));
    }
}
