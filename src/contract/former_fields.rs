//! Field ids that earlier versions of the mock served as standard fields although LeadConduit has none with these ids.
//! They are known only to suggest what to write instead.

/// Former ids with the standard field that holds the same, sorted by id.
const FORMER_FIELDS: [(&str, &str); 47] = [
    ("bankruptcy", "company.bankruptcy.was_declared"),
    ("best_time_to_call", "time_to_contact"),
    ("campus", "education.campus"),
    ("company.employees", "company.number_employees"),
    ("company.revenue", "company.annual_sales"),
    ("contact_after", "time_to_contact"),
    ("coverage_type", "insurance.requested_coverage.coverage_type"),
    ("current_insurance_company", "insurance.current"),
    ("currently_insured", "insurance.currently_insured"),
    ("degree_of_interest", "education.degree_type"),
    ("education", "education_level"),
    ("electric_bill", "utility.electric.monthly_amount"),
    ("electric_provider", "utility.electric.company.name"),
    ("email_2", "work_email"),
    ("employer", "company.name"),
    ("graduation_year", "education.high_school.graduation_year"),
    ("income", "annual_salary"),
    ("keyword", "search_terms"),
    ("loan_amount", "loan.amount"),
    ("loan_purpose", "loan.purpose"),
    ("military", "is_military"),
    ("monthly_income", "monthly_salary"),
    ("mortgage.down_payment", "mortgage.loan.down_payment"),
    ("mortgage.loan.balance", "mortgage.first_mortgage_balance"),
    ("mortgage.loan.rate", "mortgage.loan.interest_rate"),
    ("mortgage.property.value", "mortgage.existing_property_value"),
    ("occupation", "job.function"),
    ("own_home", "currently_rent_or_own"),
    ("phone_home", "phone_1"),
    ("phone_mobile", "phone_2"),
    ("phone_work", "phone_3"),
    ("product_interest", "product"),
    ("program_of_interest", "education.program"),
    ("property_type", "property.type"),
    ("property_value", "property.value"),
    ("purchase_timeframe", "timeframe_days"),
    ("roof_shade", "property.sun_exposure"),
    ("roof_type", "property.roof_type"),
    ("start_date", "date.start"),
    ("sub_id", "campaign_sub_id_1"),
    ("suffix", "name_suffix"),
    ("us_citizen", "citizen"),
    ("vehicle_make", "vehicle.make"),
    ("vehicle_mileage", "vehicle.odometer"),
    ("vehicle_model", "vehicle.model"),
    ("vehicle_vin", "vehicle.vin"),
    ("vehicle_year", "vehicle.year"),
];

/// The standard field to use in place of a former id; `None` for other ids and those without a counterpart.
#[must_use]
pub fn replacement(id: &str) -> Option<&'static str> {
    let position = FORMER_FIELDS.binary_search_by(|(former, _)| (*former).cmp(id)).ok()?;
    FORMER_FIELDS.get(position).map(|(_, current)| *current)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contract;
    use crate::contract::standard::StandardCollection;

    #[test]
    fn former_fields_are_gone_and_their_replacements_exist() {
        let contract = Contract::built_in().unwrap();
        let exists = |id| contract.standard().get(StandardCollection::Fields, id).is_some();
        assert!(FORMER_FIELDS.is_sorted());
        for (former, current) in FORMER_FIELDS {
            assert!(!exists(former) && exists(current), "{former} -> {current}");
            assert_eq!(replacement(former), Some(current));
        }
        assert_eq!(replacement("first_name"), None);
    }
}
