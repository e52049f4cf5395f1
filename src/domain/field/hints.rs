//! How values are shown, and how sensitive they are. The names are HubSpot's.

use std::fmt;

/// Declares an enumeration of HubSpot's by its names.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns HubSpot's name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

named! {
    /// How a number is shown.
    NumberDisplayHint {
        /// As it is stored.
        Unformatted "unformatted",
        /// With separators, as without any hint.
        Formatted "formatted",
        /// As an amount of money.
        Currency "currency",
        /// As a percentage.
        Percentage "percentage",
        /// As a time span.
        Duration "duration",
        /// As a probability.
        Probability "probability",
    }
}

named! {
    /// What kind of text a text is.
    TextDisplayHint {
        /// One line as it is.
        UnformattedSingleLine "unformatted_single_line",
        /// Several lines.
        MultiLine "multi_line",
        /// An email address.
        Email "email",
        /// A telephone number.
        PhoneNumber "phone_number",
        /// The name of a domain.
        DomainName "domain_name",
        /// An address of the internet protocol.
        IpAddress "ip_address",
        /// An address where somebody lives or works.
        PhysicalAddress "physical_address",
        /// A postal code.
        PostalCode "postal_code",
    }
}

named! {
    /// How sensitive the values of a field are.
    DataSensitivity {
        /// Not in particular.
        NonSensitive "non_sensitive",
        /// Sensitive.
        Sensitive "sensitive",
        /// Highly sensitive.
        HighlySensitive "highly_sensitive",
    }
}
