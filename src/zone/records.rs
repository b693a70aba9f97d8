//! Records as they were read, kept close together: a big zone has millions of them while it is
//! built.

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Index into [`Records::files`].
    pub file: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// One record as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'r> {
    /// The owner in wire form, case as written.
    pub owner: &'r [u8],
    /// The type.
    pub rtype: u16,
    /// The TTL in seconds.
    pub ttl_seconds: u32,
    /// The data, uncompressed: the whole wire form that its type has.
    pub rdata: &'r [u8],
    /// Where its entry begins.
    pub position: Position,
}

/// All records of a master file and the files that it includes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// The files by the names that findings use; the first is the zone's own.
    pub files: Vec<String>,
    /// Whether some could not be read, so that nobody can tell what is missing.
    pub incomplete: bool,
    /// In the order in which they were read.
    list: Vec<Kept>,
    /// Owners and data.
    pub(super) bytes: Vec<u8>,
}

/// A record whose owner and data are in [`Records::bytes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kept {
    owner: Owner,
    rtype: u16,
    ttl_seconds: u32,
    rdata_at: u32,
    rdata_length: u16,
    position: Position,
}

/// Where an owner stands in [`Records::bytes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    at: u32,
    length: u8,
}

/// What there is no room for: owners and data of more than 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoRoom;

impl Records {
    /// None yet, and room for those of a text of so many bytes.
    pub(super) fn of_text(bytes: usize) -> Self {
        let list = Vec::with_capacity(bytes / size_of::<Kept>());
        Self { list, bytes: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// Bytes of all owners and data.
    pub(super) fn bytes_of_all(&self) -> usize {
        self.bytes.len()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them, in the order in which they were read.
    pub fn iter(&self) -> impl Iterator<Item = Record<'_>> {
        self.list.iter().map(|kept| self.record(kept))
    }

    /// One of them, which must be there.
    pub(super) fn get(&self, index: usize) -> Record<'_> {
        self.record(&self.list[index])
    }

    fn record(&self, kept: &Kept) -> Record<'_> {
        let &Kept { owner, rtype, ttl_seconds, rdata_at, rdata_length, position } = kept;
        let rdata = &self.bytes[rdata_at as usize..][..usize::from(rdata_length)];
        Record { owner: self.owner(owner), rtype, ttl_seconds, rdata, position }
    }

    fn owner(&self, owner: Owner) -> &[u8] {
        &self.bytes[owner.at as usize..][..usize::from(owner.length)]
    }

    /// Takes the name at the end of `bytes`, from `at` on, for an owner. Where it is the last
    /// record's too, it is kept once.
    pub(super) fn take_owner(&mut self, at: usize) -> Result<Owner, NoRoom> {
        let name = &self.bytes[at..];
        if let Some(last) =
            self.list.last().map(|kept| kept.owner).filter(|o| self.owner(*o) == name)
        {
            self.bytes.truncate(at);
            return Ok(last);
        }
        // A name has at most 255 bytes.
        Ok(Owner { at: u32::try_from(at).map_err(|_| NoRoom)?, length: name.len() as u8 })
    }

    /// Adds a record whose data stands at the end of `bytes`, from `rdata_at` on, and has at most
    /// 65,535 bytes.
    pub(super) fn push(
        &mut self,
        owner: Owner,
        (rtype, ttl_seconds): (u16, u32),
        rdata_at: usize,
        position: Position,
    ) -> Result<(), NoRoom> {
        let rdata_length = (self.bytes.len() - rdata_at) as u16;
        let rdata_at = u32::try_from(rdata_at).map_err(|_| NoRoom)?;
        self.list.push(Kept { owner, rtype, ttl_seconds, rdata_at, rdata_length, position });
        Ok(())
    }
}
