//! What `explain` hears of a choice; answering proper listens to nothing and pays nothing.
