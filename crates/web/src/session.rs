//! Who a person is: login with throttling, login tokens, passwords.

pub(crate) mod password;
pub(crate) mod throttle;
pub(crate) mod token;
