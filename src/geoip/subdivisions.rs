//! Subdivisions by name, for databases that write no codes.
//!
//! DB-IP's free databases and the flat ones name states but do not give their ISO 3166-2 codes.
//! Here are the names of Canada and the United States, the countries whose subdivisions octoDNS
//! knows. Territories of the United States have country codes of their own.

/// The ISO 3166-2 code, without the country, of a subdivision by its English name.
pub fn code(country: [u8; 2], name: &str) -> Option<&'static str> {
    let names = match &country {
        b"CA" => CANADA,
        b"US" => UNITED_STATES,
        _ => return None,
    };
    let at = names.binary_search_by_key(&name, |(name, _)| name).ok()?;
    Some(names[at].1)
}

const CANADA: &[(&str, &str)] = &[
    ("Alberta", "AB"),
    ("British Columbia", "BC"),
    ("Manitoba", "MB"),
    ("New Brunswick", "NB"),
    ("Newfoundland and Labrador", "NL"),
    ("Northwest Territories", "NT"),
    ("Nova Scotia", "NS"),
    ("Nunavut", "NU"),
    ("Ontario", "ON"),
    ("Prince Edward Island", "PE"),
    ("Quebec", "QC"),
    ("Québec", "QC"),
    ("Saskatchewan", "SK"),
    ("Yukon", "YT"),
];

const UNITED_STATES: &[(&str, &str)] = &[
    ("Alabama", "AL"),
    ("Alaska", "AK"),
    ("Arizona", "AZ"),
    ("Arkansas", "AR"),
    ("California", "CA"),
    ("Colorado", "CO"),
    ("Connecticut", "CT"),
    ("Delaware", "DE"),
    ("District of Columbia", "DC"),
    ("Florida", "FL"),
    ("Georgia", "GA"),
    ("Hawaii", "HI"),
    ("Idaho", "ID"),
    ("Illinois", "IL"),
    ("Indiana", "IN"),
    ("Iowa", "IA"),
    ("Kansas", "KS"),
    ("Kentucky", "KY"),
    ("Louisiana", "LA"),
    ("Maine", "ME"),
    ("Maryland", "MD"),
    ("Massachusetts", "MA"),
    ("Michigan", "MI"),
    ("Minnesota", "MN"),
    ("Mississippi", "MS"),
    ("Missouri", "MO"),
    ("Montana", "MT"),
    ("Nebraska", "NE"),
    ("Nevada", "NV"),
    ("New Hampshire", "NH"),
    ("New Jersey", "NJ"),
    ("New Mexico", "NM"),
    ("New York", "NY"),
    ("North Carolina", "NC"),
    ("North Dakota", "ND"),
    ("Ohio", "OH"),
    ("Oklahoma", "OK"),
    ("Oregon", "OR"),
    ("Pennsylvania", "PA"),
    ("Rhode Island", "RI"),
    ("South Carolina", "SC"),
    ("South Dakota", "SD"),
    ("Tennessee", "TN"),
    ("Texas", "TX"),
    ("Utah", "UT"),
    ("Vermont", "VT"),
    ("Virginia", "VA"),
    ("Washington", "WA"),
    ("West Virginia", "WV"),
    ("Wisconsin", "WI"),
    ("Wyoming", "WY"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found() {
        for (country, names) in [(*b"CA", CANADA), (*b"US", UNITED_STATES)] {
            assert!(names.is_sorted_by_key(|(name, _)| *name));
            for (name, of_name) in names {
                assert_eq!(code(country, name), Some(*of_name));
            }
        }
        assert_eq!(code(*b"US", "Ontario"), None);
        assert_eq!(code(*b"FR", "Ontario"), None);
    }
}
