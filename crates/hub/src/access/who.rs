//! Who somebody is, for people to read: a user, a key by its name, the operator. Never what was shown to be let in.

use std::sync::Arc;

use super::{Caller, Key, Shown};

/// Who somebody is; nothing of it: whoever came through an open door.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    pub user: Option<Arc<str>>,
    pub key: Option<Arc<KeyName>>,
    /// Whoever runs the hub, by its own token.
    pub operator: bool,
}

/// A bearer key, without what it opens with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName {
    pub id: Box<str>,
    pub name: Box<str>,
}

impl KeyName {
    pub(super) fn of(key: &Key) -> Self {
        Self {
            id: key.id.as_str().into(),
            name: key.name.as_str().into(),
        }
    }
}

impl Who {
    #[must_use]
    pub fn operator() -> Self {
        Self {
            operator: true,
            ..Self::default()
        }
    }

    #[must_use]
    pub fn user(name: &str) -> Self {
        Self {
            user: Some(name.into()),
            ..Self::default()
        }
    }
}

impl Caller {
    #[must_use]
    pub fn who(&self) -> Who {
        Who {
            user: self.user.clone(),
            key: self.key.clone(),
            operator: self.is_operator(),
        }
    }

    fn is_operator(&self) -> bool {
        match &self.shown {
            Shown::Operator => true,
            Shown::EyesOf(_, behind) => behind.is_operator(),
            Shown::Nothing
            | Shown::Key(_)
            | Shown::Issued(_)
            | Shown::Vouched(_)
            | Shown::Login(..) => false,
        }
    }
}
