//! What a column can hold, and the names people give such columns.

use std::borrow::Cow;
use std::collections::BTreeSet;

use gantry_kernel::fold;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a column can hold.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The student's code; made up when absent.
    Code,
    /// The student's name. Required.
    Name,
    /// The student's phone. Required.
    Phone,
    /// E-mail address.
    Email,
    /// Parent or guardian.
    GuardianName,
    /// Their phone.
    GuardianPhone,
    /// Day of birth.
    DateOfBirth,
    /// Gender.
    Gender,
    /// First day as a student.
    JoinedOn,
    /// Active, paused or left.
    Status,
    /// Branch by its code or name.
    Branch,
    /// Free text.
    Notes,
}

impl Field {
    /// The name in the API and in our own export's header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Name => "name",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::GuardianName => "guardian_name",
            Self::GuardianPhone => "guardian_phone",
            Self::DateOfBirth => "date_of_birth",
            Self::Gender => "gender",
            Self::JoinedOn => "joined_on",
            Self::Status => "status",
            Self::Branch => "branch",
            Self::Notes => "notes",
        }
    }
}

/// Names of columns by meaning, folded to letters and digits without spaces.
const NAMES: &[(Field, &[&str])] = &[
    (
        Field::Code,
        &[
            "code",
            "studentcode",
            "studentid",
            "rollno",
            "rollnumber",
            "admissionno",
            "admissionnumber",
            "admno",
            "regno",
            "registrationno",
            "registrationnumber",
            "memberid",
            "membershipno",
            "enrolmentno",
            "enrollmentno",
        ],
    ),
    (
        Field::Name,
        &[
            "name",
            "studentname",
            "studentsname",
            "nameofstudent",
            "nameofthestudent",
            "fullname",
            "student",
            "membername",
            "candidatename",
            "नाम",
        ],
    ),
    (
        Field::Email,
        &[
            "email",
            "emailid",
            "emailaddress",
            "mail",
            "mailid",
            "studentemail",
        ],
    ),
    (
        Field::GuardianName,
        &[
            "guardian",
            "guardianname",
            "guardiansname",
            "parent",
            "parentname",
            "parentsname",
            "father",
            "fathername",
            "fathersname",
            "mother",
            "mothername",
            "mothersname",
        ],
    ),
    (
        Field::DateOfBirth,
        &[
            "dob",
            "dateofbirth",
            "birthdate",
            "birthday",
            "bornon",
            "जन्मतिथि",
        ],
    ),
    (Field::Gender, &["gender", "sex"]),
    (
        Field::JoinedOn,
        &[
            "joined",
            "joinedon",
            "joiningdate",
            "dateofjoining",
            "doj",
            "joindate",
            "admissiondate",
            "dateofadmission",
            "registrationdate",
            "startdate",
        ],
    ),
    (Field::Status, &["status", "studentstatus"]),
    (
        Field::Branch,
        &[
            "branch",
            "branchname",
            "branchcode",
            "library",
            "libraryname",
            "centre",
            "center",
            "studycentre",
            "studycenter",
            "hall",
            "location",
        ],
    ),
    (
        Field::Notes,
        &["notes", "note", "remark", "remarks", "comment", "comments"],
    ),
];

/// What a phone column is called, after whose phone it is.
const PHONE_NAMES: &[&str] = &[
    "phone",
    "phoneno",
    "phonenumber",
    "mobile",
    "mobileno",
    "mobilenumber",
    "contact",
    "contactno",
    "contactnumber",
    "cell",
    "cellphone",
    "telephone",
    "tel",
    "whatsapp",
    "whatsappno",
    "whatsappnumber",
    "मोबाइल",
    "फोन",
];
const STUDENTS: &[&str] = &["", "student", "students", "member"];
const GUARDIANS: &[&str] = &[
    "guardian",
    "guardians",
    "parent",
    "parents",
    "father",
    "fathers",
    "mother",
    "mothers",
    "emergency",
];

/// The meaning of a column by its name.
pub(super) fn recognise(header: &str) -> Option<Field> {
    let name: String = fold(header).split_whitespace().collect();
    if let Some((field, _)) = NAMES
        .iter()
        .find(|(_, names)| names.contains(&name.as_str()))
    {
        return Some(*field);
    }
    let owner = PHONE_NAMES
        .iter()
        .filter_map(|phone| name.strip_suffix(phone))
        .collect::<Vec<_>>();
    if owner.iter().any(|who| STUDENTS.contains(who)) {
        Some(Field::Phone)
    } else {
        owner
            .iter()
            .any(|who| GUARDIANS.contains(who))
            .then_some(Field::GuardianPhone)
    }
}

/// How many different fields the cells of a would-be header name.
pub(super) fn known(cells: &[Cow<'_, str>]) -> usize {
    // Longer texts are no column names, and folding them costs time.
    let names = cells.iter().filter(|cell| cell.len() <= 64);
    names
        .filter_map(|cell| recognise(cell))
        .collect::<BTreeSet<_>>()
        .len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_by_what_people_call_them() {
        for (header, field) in [
            ("Student Name", Field::Name),
            ("FULL_NAME", Field::Name),
            (" Name of the Student ", Field::Name),
            ("Mobile No.", Field::Phone),
            ("Contact No", Field::Phone),
            ("Student's Phone", Field::Phone),
            ("WhatsApp Number", Field::Phone),
            ("Father's Mobile No", Field::GuardianPhone),
            ("Parent Contact", Field::GuardianPhone),
            ("Father's Name", Field::GuardianName),
            ("E-mail", Field::Email),
            ("Email ID", Field::Email),
            ("D.O.B.", Field::DateOfBirth),
            ("Date of Birth", Field::DateOfBirth),
            ("Date of Joining", Field::JoinedOn),
            ("Centre", Field::Branch),
            ("Library", Field::Branch),
            ("Roll No.", Field::Code),
            ("Remarks", Field::Notes),
            ("मोबाइल", Field::Phone),
        ] {
            assert_eq!(recognise(header), Some(field), "{header}");
        }
        for header in ["Address", "S.No", "Seat", "", "Phone of somebody else"] {
            assert_eq!(recognise(header), None, "{header}");
        }
    }

    #[test]
    fn our_own_header_maps_to_itself() {
        for (field, _) in NAMES {
            assert_eq!(recognise(field.as_str()), Some(*field));
        }
        assert_eq!(recognise("phone"), Some(Field::Phone));
        assert_eq!(recognise("guardian_phone"), Some(Field::GuardianPhone));
    }
}
