//! Continents and countries: which codes exist, where each country lies.
//!
//! All of ISO 3166-1, and `XK`, by which databases name Kosovo. Sources differ on the continent of
//! some countries (Cyprus, Turkey, Russia, Timor-Leste); here each has the one that octoDNS gives
//! it, since `geo` keys are written as octoDNS writes them.
//!
//! A country lies at the centroid of its largest landmass, computed from the borders of Natural
//! Earth (public domain) and rounded to a tenth of a degree. Where most people live far from that
//! point it is moved nearer to them, by hand: AU, BR, BS, CA, CN, DZ, EG, FI, GL, ID, KI, LY, MY,
//! NO, NZ, RU, SE. Territories without a shape of their own there have their main island's place.

use Continent::{Africa, Antarctica, Asia, Europe, NorthAmerica, Oceania, SouthAmerica};

use crate::health::Location;

/// A continent, by the codes that location databases use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Continent {
    /// `AF`
    Africa,
    /// `AN`
    Antarctica,
    /// `AS`
    Asia,
    /// `EU`
    Europe,
    /// `NA`
    NorthAmerica,
    /// `OC`
    Oceania,
    /// `SA`
    SouthAmerica,
}

impl Continent {
    /// All, in the order of their codes.
    pub const ALL: [Self; 7] = [
        Self::Africa,
        Self::Antarctica,
        Self::Asia,
        Self::Europe,
        Self::NorthAmerica,
        Self::Oceania,
        Self::SouthAmerica,
    ];

    /// The two-letter code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Africa => "AF",
            Self::Antarctica => "AN",
            Self::Asia => "AS",
            Self::Europe => "EU",
            Self::NorthAmerica => "NA",
            Self::Oceania => "OC",
            Self::SouthAmerica => "SA",
        }
    }

    /// The continent of a code, in upper case.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|continent| continent.code() == code)
    }
}

/// A country, or a territory with a code of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Country {
    /// ISO 3166-1 alpha-2, upper case.
    pub code: &'static str,
    /// Its short name in English.
    pub name: &'static str,
    /// The continent it is counted to.
    pub continent: Continent,
    /// Its centroid.
    pub location: Location,
}

/// The country of an ISO 3166-1 alpha-2 code, in upper case.
pub fn country(code: &str) -> Option<&'static Country> {
    COUNTRIES.binary_search_by_key(&code, |country| country.code).ok().map(|at| &COUNTRIES[at])
}

const fn c(
    code: &'static str,
    name: &'static str,
    continent: Continent,
    latitude: f64,
    longitude: f64,
) -> Country {
    Country { code, name, continent, location: Location { latitude, longitude } }
}

/// Sorted by code, for the binary search.
const COUNTRIES: &[Country] = &[
    c("AD", "Andorra", Europe, 42.5, 1.6),
    c("AE", "United Arab Emirates", Asia, 23.9, 54.3),
    c("AF", "Afghanistan", Asia, 33.8, 66.0),
    c("AG", "Antigua and Barbuda", NorthAmerica, 17.1, -61.8),
    c("AI", "Anguilla", NorthAmerica, 18.2, -63.1),
    c("AL", "Albania", Europe, 41.1, 20.0),
    c("AM", "Armenia", Asia, 40.3, 44.9),
    c("AO", "Angola", Africa, -12.3, 17.6),
    c("AQ", "Antarctica", Antarctica, -80.0, 0.0),
    c("AR", "Argentina", SouthAmerica, -35.2, -65.2),
    c("AS", "American Samoa", Oceania, -14.3, -170.7),
    c("AT", "Austria", Europe, 47.6, 14.1),
    c("AU", "Australia", Oceania, -33.0, 147.0),
    c("AW", "Aruba", NorthAmerica, 12.5, -70.0),
    c("AX", "Åland Islands", Europe, 60.2, 19.9),
    c("AZ", "Azerbaijan", Asia, 40.3, 47.7),
    c("BA", "Bosnia and Herzegovina", Europe, 44.2, 17.8),
    c("BB", "Barbados", NorthAmerica, 13.2, -59.6),
    c("BD", "Bangladesh", Asia, 23.9, 90.2),
    c("BE", "Belgium", Europe, 50.6, 4.6),
    c("BF", "Burkina Faso", Africa, 12.3, -1.8),
    c("BG", "Bulgaria", Europe, 42.8, 25.2),
    c("BH", "Bahrain", Asia, 26.0, 50.5),
    c("BI", "Burundi", Africa, -3.4, 29.9),
    c("BJ", "Benin", Africa, 9.6, 2.3),
    c("BL", "Saint Barthélemy", NorthAmerica, 17.9, -62.8),
    c("BM", "Bermuda", NorthAmerica, 32.3, -64.8),
    c("BN", "Brunei", Asia, 4.5, 114.6),
    c("BO", "Bolivia", SouthAmerica, -16.7, -64.7),
    c("BQ", "Bonaire, Sint Eustatius and Saba", NorthAmerica, 12.2, -68.3),
    c("BR", "Brazil", SouthAmerica, -18.0, -47.0),
    c("BS", "Bahamas", NorthAmerica, 25.0, -77.4),
    c("BT", "Bhutan", Asia, 27.4, 90.4),
    c("BV", "Bouvet Island", Antarctica, -54.4, 3.4),
    c("BW", "Botswana", Africa, -22.2, 23.8),
    c("BY", "Belarus", Europe, 53.5, 28.0),
    c("BZ", "Belize", NorthAmerica, 17.2, -88.7),
    c("CA", "Canada", NorthAmerica, 46.0, -80.0),
    c("CC", "Cocos (Keeling) Islands", Asia, -12.2, 96.8),
    c("CD", "DR Congo", Africa, -2.9, 23.6),
    c("CF", "Central African Republic", Africa, 6.6, 20.5),
    c("CG", "Congo", Africa, -0.8, 15.2),
    c("CH", "Switzerland", Europe, 46.8, 8.2),
    c("CI", "Ivory Coast", Africa, 7.6, -5.6),
    c("CK", "Cook Islands", Oceania, -21.2, -159.8),
    c("CL", "Chile", SouthAmerica, -35.7, -71.3),
    c("CM", "Cameroon", Africa, 5.7, 12.7),
    c("CN", "China", Asia, 33.0, 112.0),
    c("CO", "Colombia", SouthAmerica, 3.9, -73.1),
    c("CR", "Costa Rica", NorthAmerica, 10.0, -84.2),
    c("CU", "Cuba", NorthAmerica, 21.6, -78.9),
    c("CV", "Cabo Verde", Africa, 15.1, -23.6),
    c("CW", "Curaçao", NorthAmerica, 12.2, -69.0),
    c("CX", "Christmas Island", Asia, -10.5, 105.6),
    c("CY", "Cyprus", Asia, 34.9, 33.0),
    c("CZ", "Czechia", Europe, 49.7, 15.3),
    c("DE", "Germany", Europe, 51.1, 10.4),
    c("DJ", "Djibouti", Africa, 11.7, 42.6),
    c("DK", "Denmark", Europe, 56.2, 9.4),
    c("DM", "Dominica", NorthAmerica, 15.4, -61.4),
    c("DO", "Dominican Republic", NorthAmerica, 18.9, -70.5),
    c("DZ", "Algeria", Africa, 35.5, 3.5),
    c("EC", "Ecuador", SouthAmerica, -1.4, -78.4),
    c("EE", "Estonia", Europe, 58.7, 25.8),
    c("EG", "Egypt", Africa, 30.0, 31.2),
    c("EH", "Western Sahara", Africa, 24.2, -12.2),
    c("ER", "Eritrea", Africa, 15.4, 38.8),
    c("ES", "Spain", Europe, 40.4, -3.6),
    c("ET", "Ethiopia", Africa, 8.6, 39.6),
    c("FI", "Finland", Europe, 61.5, 25.0),
    c("FJ", "Fiji", Oceania, -17.8, 178.0),
    c("FK", "Falkland Islands", SouthAmerica, -51.7, -58.8),
    c("FM", "Micronesia", Oceania, 6.9, 158.2),
    c("FO", "Faroe Islands", Europe, 62.2, -6.9),
    c("FR", "France", Europe, 46.6, 2.5),
    c("GA", "Gabon", Africa, -0.6, 11.8),
    c("GB", "United Kingdom", Europe, 53.9, -2.5),
    c("GD", "Grenada", NorthAmerica, 12.1, -61.7),
    c("GE", "Georgia", Asia, 42.2, 43.5),
    c("GF", "French Guiana", SouthAmerica, 4.0, -53.1),
    c("GG", "Guernsey", Europe, 49.5, -2.6),
    c("GH", "Ghana", Africa, 8.0, -1.2),
    c("GI", "Gibraltar", Europe, 36.1, -5.3),
    c("GL", "Greenland", NorthAmerica, 64.2, -51.7),
    c("GM", "Gambia", Africa, 13.4, -15.4),
    c("GN", "Guinea", Africa, 10.4, -10.9),
    c("GP", "Guadeloupe", NorthAmerica, 16.2, -61.6),
    c("GQ", "Equatorial Guinea", Africa, 1.6, 10.5),
    c("GR", "Greece", Europe, 39.5, 22.6),
    c("GS", "South Georgia and the South Sandwich Islands", SouthAmerica, -54.4, -36.7),
    c("GT", "Guatemala", NorthAmerica, 15.7, -90.4),
    c("GU", "Guam", Oceania, 13.4, 144.8),
    c("GW", "Guinea-Bissau", Africa, 12.1, -14.9),
    c("GY", "Guyana", SouthAmerica, 4.8, -59.0),
    c("HK", "Hong Kong", Asia, 22.4, 114.1),
    c("HM", "Heard Island and McDonald Islands", Antarctica, -53.1, 73.5),
    c("HN", "Honduras", NorthAmerica, 14.8, -86.6),
    c("HR", "Croatia", Europe, 45.2, 16.4),
    c("HT", "Haiti", NorthAmerica, 18.9, -72.7),
    c("HU", "Hungary", Europe, 47.2, 19.4),
    c("ID", "Indonesia", Asia, -7.3, 110.0),
    c("IE", "Ireland", Europe, 53.2, -8.1),
    c("IL", "Israel", Asia, 31.5, 34.7),
    c("IM", "Isle of Man", Europe, 54.2, -4.5),
    c("IN", "India", Asia, 22.9, 79.6),
    c("IO", "British Indian Ocean Territory", Asia, -7.3, 72.4),
    c("IQ", "Iraq", Asia, 33.0, 43.7),
    c("IR", "Iran", Asia, 32.6, 54.3),
    c("IS", "Iceland", Europe, 65.0, -18.6),
    c("IT", "Italy", Europe, 43.5, 12.1),
    c("JE", "Jersey", Europe, 49.2, -2.1),
    c("JM", "Jamaica", NorthAmerica, 18.2, -77.3),
    c("JO", "Jordan", Asia, 31.2, 36.8),
    c("JP", "Japan", Asia, 36.7, 138.0),
    c("KE", "Kenya", Africa, 0.6, 37.8),
    c("KG", "Kyrgyzstan", Asia, 41.5, 74.5),
    c("KH", "Cambodia", Asia, 12.7, 104.9),
    c("KI", "Kiribati", Oceania, 1.4, 173.0),
    c("KM", "Comoros", Africa, -11.7, 43.3),
    c("KN", "Saint Kitts and Nevis", NorthAmerica, 17.3, -62.7),
    c("KP", "North Korea", Asia, 40.2, 127.2),
    c("KR", "South Korea", Asia, 36.5, 127.9),
    c("KW", "Kuwait", Asia, 29.3, 47.6),
    c("KY", "Cayman Islands", NorthAmerica, 19.3, -81.3),
    c("KZ", "Kazakhstan", Asia, 48.2, 67.3),
    c("LA", "Laos", Asia, 18.5, 103.7),
    c("LB", "Lebanon", Asia, 33.9, 35.9),
    c("LC", "Saint Lucia", NorthAmerica, 13.9, -61.0),
    c("LI", "Liechtenstein", Europe, 47.1, 9.5),
    c("LK", "Sri Lanka", Asia, 7.6, 80.7),
    c("LR", "Liberia", Africa, 6.5, -9.3),
    c("LS", "Lesotho", Africa, -29.6, 28.2),
    c("LT", "Lithuania", Europe, 55.3, 23.9),
    c("LU", "Luxembourg", Europe, 49.8, 6.1),
    c("LV", "Latvia", Europe, 56.9, 24.9),
    c("LY", "Libya", Africa, 32.0, 14.5),
    c("MA", "Morocco", Africa, 29.8, -8.5),
    c("MC", "Monaco", Europe, 43.8, 7.4),
    c("MD", "Moldova", Europe, 47.2, 28.5),
    c("ME", "Montenegro", Europe, 42.8, 19.2),
    c("MF", "Saint Martin", NorthAmerica, 18.1, -63.1),
    c("MG", "Madagascar", Africa, -19.4, 46.7),
    c("MH", "Marshall Islands", Oceania, 7.1, 171.1),
    c("MK", "North Macedonia", Europe, 41.6, 21.7),
    c("ML", "Mali", Africa, 17.3, -3.5),
    c("MM", "Myanmar", Asia, 21.2, 96.5),
    c("MN", "Mongolia", Asia, 46.8, 103.1),
    c("MO", "Macao", Asia, 22.2, 113.5),
    c("MP", "Northern Mariana Islands", Oceania, 15.2, 145.7),
    c("MQ", "Martinique", NorthAmerica, 14.7, -61.0),
    c("MR", "Mauritania", Africa, 20.3, -10.3),
    c("MS", "Montserrat", NorthAmerica, 16.7, -62.2),
    c("MT", "Malta", Europe, 35.9, 14.4),
    c("MU", "Mauritius", Africa, -20.3, 57.6),
    c("MV", "Maldives", Asia, 4.2, 73.5),
    c("MW", "Malawi", Africa, -13.2, 34.3),
    c("MX", "Mexico", NorthAmerica, 23.9, -102.5),
    c("MY", "Malaysia", Asia, 3.8, 102.0),
    c("MZ", "Mozambique", Africa, -17.3, 35.5),
    c("NA", "Namibia", Africa, -22.1, 17.2),
    c("NC", "New Caledonia", Oceania, -21.3, 165.5),
    c("NE", "Niger", Africa, 17.4, 9.4),
    c("NF", "Norfolk Island", Oceania, -29.1, 167.9),
    c("NG", "Nigeria", Africa, 9.6, 8.1),
    c("NI", "Nicaragua", NorthAmerica, 12.8, -85.0),
    c("NL", "Netherlands", Europe, 52.3, 5.6),
    c("NO", "Norway", Europe, 60.5, 9.5),
    c("NP", "Nepal", Asia, 28.2, 83.9),
    c("NR", "Nauru", Oceania, -0.5, 166.9),
    c("NU", "Niue", Oceania, -19.0, -169.9),
    c("NZ", "New Zealand", Oceania, -38.5, 175.8),
    c("OM", "Oman", Asia, 20.6, 56.1),
    c("PA", "Panama", NorthAmerica, 8.5, -80.1),
    c("PE", "Peru", SouthAmerica, -9.2, -74.4),
    c("PF", "French Polynesia", Oceania, -17.7, -149.4),
    c("PG", "Papua New Guinea", Oceania, -6.6, 144.2),
    c("PH", "Philippines", Asia, 16.0, 121.4),
    c("PK", "Pakistan", Asia, 29.9, 69.3),
    c("PL", "Poland", Europe, 52.1, 19.4),
    c("PM", "Saint Pierre and Miquelon", NorthAmerica, 46.9, -56.3),
    c("PN", "Pitcairn", Oceania, -24.4, -128.3),
    c("PR", "Puerto Rico", NorthAmerica, 18.2, -66.5),
    c("PS", "Palestine", Asia, 31.9, 35.2),
    c("PT", "Portugal", Europe, 39.7, -8.0),
    c("PW", "Palau", Oceania, 7.5, 134.6),
    c("PY", "Paraguay", SouthAmerica, -23.2, -58.4),
    c("QA", "Qatar", Asia, 25.3, 51.2),
    c("RE", "Réunion", Africa, -21.1, 55.5),
    c("RO", "Romania", Europe, 45.9, 25.0),
    c("RS", "Serbia", Europe, 44.2, 20.8),
    c("RU", "Russia", Europe, 55.8, 45.0),
    c("RW", "Rwanda", Africa, -2.0, 29.9),
    c("SA", "Saudi Arabia", Asia, 24.1, 44.5),
    c("SB", "Solomon Islands", Oceania, -9.6, 160.2),
    c("SC", "Seychelles", Africa, -4.7, 55.5),
    c("SD", "Sudan", Africa, 16.0, 29.9),
    c("SE", "Sweden", Europe, 59.5, 16.5),
    c("SG", "Singapore", Asia, 1.4, 103.8),
    c("SH", "Saint Helena", Africa, -16.0, -5.7),
    c("SI", "Slovenia", Europe, 46.1, 14.8),
    c("SJ", "Svalbard and Jan Mayen", Europe, 78.2, 15.6),
    c("SK", "Slovakia", Europe, 48.7, 19.5),
    c("SL", "Sierra Leone", Africa, 8.6, -11.8),
    c("SM", "San Marino", Europe, 43.9, 12.5),
    c("SN", "Senegal", Africa, 14.4, -14.5),
    c("SO", "Somalia", Africa, 4.8, 45.7),
    c("SR", "Suriname", SouthAmerica, 4.1, -55.9),
    c("SS", "South Sudan", Africa, 7.3, 30.2),
    c("ST", "Sao Tome and Principe", Africa, 0.2, 6.6),
    c("SV", "El Salvador", NorthAmerica, 13.7, -88.9),
    c("SX", "Sint Maarten", NorthAmerica, 18.1, -63.1),
    c("SY", "Syria", Asia, 35.0, 38.5),
    c("SZ", "Eswatini", Africa, -26.6, 31.5),
    c("TC", "Turks and Caicos Islands", NorthAmerica, 21.8, -71.7),
    c("TD", "Chad", Africa, 15.3, 18.6),
    c("TF", "French Southern Territories", Antarctica, -49.3, 69.5),
    c("TG", "Togo", Africa, 8.5, 1.0),
    c("TH", "Thailand", Asia, 15.1, 101.0),
    c("TJ", "Tajikistan", Asia, 38.5, 71.0),
    c("TK", "Tokelau", Oceania, -9.2, -171.8),
    c("TL", "Timor-Leste", Asia, -8.8, 125.9),
    c("TM", "Turkmenistan", Asia, 39.1, 59.4),
    c("TN", "Tunisia", Africa, 34.1, 9.5),
    c("TO", "Tonga", Oceania, -21.2, -175.2),
    c("TR", "Türkiye", Asia, 39.0, 35.4),
    c("TT", "Trinidad and Tobago", NorthAmerica, 10.4, -61.3),
    c("TV", "Tuvalu", Oceania, -8.5, 179.2),
    c("TW", "Taiwan", Asia, 23.8, 121.0),
    c("TZ", "Tanzania", Africa, -6.3, 34.8),
    c("UA", "Ukraine", Europe, 49.2, 31.3),
    c("UG", "Uganda", Africa, 1.3, 32.4),
    c("UM", "United States Minor Outlying Islands", Oceania, 5.9, -162.1),
    c("US", "United States", NorthAmerica, 39.8, -98.6),
    c("UY", "Uruguay", SouthAmerica, -32.8, -56.0),
    c("UZ", "Uzbekistan", Asia, 41.8, 63.1),
    c("VA", "Vatican City", Europe, 41.9, 12.4),
    c("VC", "Saint Vincent and the Grenadines", NorthAmerica, 13.3, -61.2),
    c("VE", "Venezuela", SouthAmerica, 7.1, -66.2),
    c("VG", "British Virgin Islands", NorthAmerica, 18.4, -64.6),
    c("VI", "US Virgin Islands", NorthAmerica, 17.7, -64.8),
    c("VN", "Vietnam", Asia, 16.0, 107.9),
    c("VU", "Vanuatu", Oceania, -15.2, 166.8),
    c("WF", "Wallis and Futuna", Oceania, -14.3, -178.1),
    c("WS", "Samoa", Oceania, -13.6, -172.4),
    c("XK", "Kosovo", Europe, 42.6, 20.9),
    c("YE", "Yemen", Asia, 15.9, 47.5),
    c("YT", "Mayotte", Africa, -12.8, 45.2),
    c("ZA", "South Africa", Africa, -29.0, 25.2),
    c("ZM", "Zambia", Africa, -13.5, 27.8),
    c("ZW", "Zimbabwe", Africa, -19.0, 29.9),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_and_they_are_as_many_as_iso_3166_has() {
        assert!(COUNTRIES.is_sorted_by(|a, b| a.code < b.code));
        assert_eq!(COUNTRIES.len(), 249 + 1, "ISO 3166-1 and XK");
        for of_table in COUNTRIES {
            assert_eq!(country(of_table.code), Some(of_table));
            assert!(
                of_table.code.len() == 2 && of_table.code.bytes().all(|b| b.is_ascii_uppercase())
            );
            assert!((-90.0..=90.0).contains(&of_table.location.latitude), "{}", of_table.code);
            assert!((-180.0..=180.0).contains(&of_table.location.longitude), "{}", of_table.code);
        }
        for unknown in ["", "A", "ZZ", "UK", "AP", "EU", "us", "USA"] {
            assert_eq!(country(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn continents_are_those_of_octodns() {
        for (code, continent) in [
            ("AM", Asia),
            ("AQ", Antarctica),
            ("AZ", Asia),
            ("CY", Asia),
            ("EG", Africa),
            ("GE", Asia),
            ("GS", SouthAmerica),
            ("KZ", Asia),
            ("MX", NorthAmerica),
            ("PA", NorthAmerica),
            ("RU", Europe),
            ("TF", Antarctica),
            ("TL", Asia),
            ("TR", Asia),
            ("TT", NorthAmerica),
            ("UM", Oceania),
            ("XK", Europe),
        ] {
            assert_eq!(country(code).map(|country| country.continent), Some(continent), "{code}");
        }
    }

    #[test]
    fn continents_and_their_codes_are_one_to_one() {
        for continent in Continent::ALL {
            assert_eq!(Continent::from_code(continent.code()), Some(continent));
        }
        assert_eq!(Continent::from_code("eu"), None);
    }
}
