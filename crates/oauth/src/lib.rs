//! The rules an OAuth client must keep.
