//! Cities with consistent states, postal codes, area codes and time zones.

/// A city with one of its postal codes and its main area code.
#[derive(Debug)]
pub(super) struct City {
    pub(super) name: &'static str,
    pub(super) county: &'static str,
    pub(super) state: &'static str,
    state_name: &'static str,
    pub(super) postal_code: &'static str,
    pub(super) area_code: &'static str,
    pub(super) time_zone: &'static str,
}

impl City {
    /// True if the city is in the state, which is given by code or name.
    pub(super) fn is_in(&self, state: &str) -> bool {
        let state = state.trim();
        self.state.eq_ignore_ascii_case(state) || self.state_name.eq_ignore_ascii_case(state)
    }
}

const EASTERN: &str = "America/New_York";
const CENTRAL: &str = "America/Chicago";
const MOUNTAIN: &str = "America/Denver";
const PACIFIC: &str = "America/Los_Angeles";
const ARIZONA: &str = "America/Phoenix";

const fn city(
    name: &'static str,
    county: &'static str,
    (state, state_name): (&'static str, &'static str),
    postal_code: &'static str,
    area_code: &'static str,
    time_zone: &'static str,
) -> City {
    City { name, county, state, state_name, postal_code, area_code, time_zone }
}

const TX: (&str, &str) = ("TX", "Texas");
const AZ: (&str, &str) = ("AZ", "Arizona");
const CA: (&str, &str) = ("CA", "California");
const FL: (&str, &str) = ("FL", "Florida");
const NC: (&str, &str) = ("NC", "North Carolina");
const OH: (&str, &str) = ("OH", "Ohio");
const CO: (&str, &str) = ("CO", "Colorado");

/// Large states have more cities, so that they occur more often.
pub(super) const CITIES: [City; 40] = [
    city("Austin", "Travis", TX, "78701", "512", CENTRAL),
    city("Dallas", "Dallas", TX, "75201", "214", CENTRAL),
    city("Houston", "Harris", TX, "77002", "713", CENTRAL),
    city("San Antonio", "Bexar", TX, "78205", "210", CENTRAL),
    city("Fort Worth", "Tarrant", TX, "76102", "817", CENTRAL),
    city("Phoenix", "Maricopa", AZ, "85004", "602", ARIZONA),
    city("Tucson", "Pima", AZ, "85701", "520", ARIZONA),
    city("Mesa", "Maricopa", AZ, "85201", "480", ARIZONA),
    city("Los Angeles", "Los Angeles", CA, "90012", "213", PACIFIC),
    city("San Diego", "San Diego", CA, "92101", "619", PACIFIC),
    city("Sacramento", "Sacramento", CA, "95814", "916", PACIFIC),
    city("Fresno", "Fresno", CA, "93721", "559", PACIFIC),
    city("Miami", "Miami-Dade", FL, "33130", "305", EASTERN),
    city("Tampa", "Hillsborough", FL, "33602", "813", EASTERN),
    city("Orlando", "Orange", FL, "32801", "407", EASTERN),
    city("Raleigh", "Wake", NC, "27601", "919", EASTERN),
    city("Charlotte", "Mecklenburg", NC, "28202", "704", EASTERN),
    city("Columbus", "Franklin", OH, "43215", "614", EASTERN),
    city("Cleveland", "Cuyahoga", OH, "44114", "216", EASTERN),
    city("Denver", "Denver", CO, "80202", "303", MOUNTAIN),
    city("Colorado Springs", "El Paso", CO, "80903", "719", MOUNTAIN),
    city("New York", "New York", ("NY", "New York"), "10007", "212", EASTERN),
    city("Buffalo", "Erie", ("NY", "New York"), "14202", "716", EASTERN),
    city("Chicago", "Cook", ("IL", "Illinois"), "60601", "312", CENTRAL),
    city("Atlanta", "Fulton", ("GA", "Georgia"), "30303", "404", EASTERN),
    city("Philadelphia", "Philadelphia", ("PA", "Pennsylvania"), "19107", "215", EASTERN),
    city("Pittsburgh", "Allegheny", ("PA", "Pennsylvania"), "15222", "412", EASTERN),
    city("Boston", "Suffolk", ("MA", "Massachusetts"), "02108", "617", EASTERN),
    city("Seattle", "King", ("WA", "Washington"), "98101", "206", PACIFIC),
    city("Portland", "Multnomah", ("OR", "Oregon"), "97204", "503", PACIFIC),
    city("Las Vegas", "Clark", ("NV", "Nevada"), "89101", "702", PACIFIC),
    city("Salt Lake City", "Salt Lake", ("UT", "Utah"), "84101", "801", MOUNTAIN),
    city("Boise", "Ada", ("ID", "Idaho"), "83702", "208", "America/Boise"),
    city("Minneapolis", "Hennepin", ("MN", "Minnesota"), "55401", "612", CENTRAL),
    city("Kansas City", "Jackson", ("MO", "Missouri"), "64106", "816", CENTRAL),
    city("Nashville", "Davidson", ("TN", "Tennessee"), "37203", "615", CENTRAL),
    city("Indianapolis", "Marion", ("IN", "Indiana"), "46204", "317", "America/Indiana/Indianapolis"),
    city("Detroit", "Wayne", ("MI", "Michigan"), "48226", "313", "America/Detroit"),
    city("Richmond", "Richmond", ("VA", "Virginia"), "23219", "804", EASTERN),
    city("Albuquerque", "Bernalillo", ("NM", "New Mexico"), "87102", "505", MOUNTAIN),
];
