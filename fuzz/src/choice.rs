//! How the first bytes of an input choose what the rest is.

use kafka_wire::Api;
use kafka_wire::messages::APIS;
use kafka_wire::rows::Structure;

/// Which of an API's two messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From a client.
    Request,
    /// From a broker.
    Response,
}

/// A message of an API at a version that it has.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// The API.
    pub api: &'static Api,
    /// One of its versions.
    pub version: i16,
    /// Which of its messages.
    pub direction: Direction,
}

impl Choice {
    /// What two bytes stand for: the first chooses among [`APIS`], the second among the API's versions.
    pub fn of(api: u8, version: u8, direction: Direction) -> Self {
        let api = &APIS[usize::from(api) % APIS.len()];
        let version = version_of(api, version);
        Self {
            api,
            version,
            direction,
        }
    }

    /// The choice that stands in front of `data`, and what comes behind; `None` if there is nothing to choose with.
    pub fn split(data: &[u8], direction: Direction) -> Option<(Self, &[u8])> {
        let [api, version, body @ ..] = data else {
            return None;
        };
        Some((Self::of(*api, *version, direction), body))
    }

    /// The two bytes that choose it.
    pub fn bytes(&self) -> [u8; 2] {
        let api = APIS.iter().position(|it| it.key == self.api.key).unwrap();
        let version = self.version - self.api.versions.start();
        [api.try_into().unwrap(), version.try_into().unwrap()]
    }

    /// Rows of the message.
    pub fn structure(&self) -> &'static Structure {
        match self.direction {
            Direction::Request => self.api.request,
            Direction::Response => self.api.response,
        }
    }

    /// Whether its version is flexible.
    pub fn is_flexible(&self) -> bool {
        self.version >= self.api.flexible_since
    }

    /// The same message at another version.
    pub fn at(self, version: i16) -> Self {
        Self { version, ..self }
    }

    /// Every message of every API at every version, in one direction.
    pub fn all(direction: Direction) -> impl Iterator<Item = Self> {
        APIS.iter().flat_map(move |api| {
            api.versions.clone().map(move |version| Self {
                api,
                version,
                direction,
            })
        })
    }
}

/// The version that a byte chooses.
pub fn version_of(api: &Api, byte: u8) -> i16 {
    let (first, last) = api.versions.clone().into_inner();
    first + i16::from(byte) % (last - first + 1)
}
