//! Closed vocabularies: each word has a number that is stored and a name that people read.

/// A word that is not in a vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{seen}` is no {vocabulary}: use one of {known}")]
pub struct UnknownWord {
    /// What was asked for.
    pub seen: String,
    /// The vocabulary's name, in words.
    pub vocabulary: &'static str,
    /// The words that exist, separated by commas.
    pub known: String,
}

/// Declares an enum whose variants have a stored number and a readable name.
///
/// Numbers and names are part of the stored format: a released pair never changes.
macro_rules! vocabulary {
    (
        $(#[$meta:meta])*
        $title:literal $name:ident { $( $(#[$vmeta:meta])* $number:literal $word:literal $variant:ident, )+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(minicbor::Encode, minicbor::Decode)]
        #[cbor(index_only)]
        pub enum $name {
            $( $(#[$vmeta])* #[n($number)] $variant, )+
        }

        impl $name {
            /// Every word, in the order of its number.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// The name that people read and write.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $word, )+ }
            }

            /// The number that is stored.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $( Self::$variant => $number, )+ }
            }

            /// The word with this number, if there is one.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $( $number => Some(Self::$variant), )+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $( $word => Ok(Self::$variant), )+
                    _ => Err($crate::words::UnknownWord {
                        seen: text.to_owned(),
                        vocabulary: $title,
                        known: [ $( $word, )+ ].join(", "),
                    }),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.name())
            }
        }
    };
}

pub(crate) use vocabulary;
