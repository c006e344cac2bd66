//! The real binary against counterparts that we did not write; the tests are in `tests/`.
