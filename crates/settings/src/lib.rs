//! The settings file: as written, what it means, the smallest edit that changes it.
