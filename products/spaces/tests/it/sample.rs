//! The sample file of the documentation: a thousand rows as a hall's list looks after years in a
//! spreadsheet, 37 of them bad in 37 ways. Made here, so that it can be made again and nobody in it is real.

/// Data rows of the sample.
pub(crate) const ROWS: usize = 1_000;
/// A bad row stands at every such position.
const EVERY: usize = 27;

const HEADER: &str = "Student Code,Student Name,Mobile No.,E-mail ID,Parent Name,Parent Mobile,\
                      Date of Birth,Gender,Joining Date,Status,Branch,Remarks";

const GIVEN: [(&str, &str); 28] = [
    ("Aarav", "M"),
    ("Aditi", "F"),
    ("Ananya", "F"),
    ("Arjun", "M"),
    ("Asha", "F"),
    ("Deepak", "M"),
    ("Divya", "F"),
    ("Farah", "F"),
    ("Gaurav", "M"),
    ("Harpreet", "F"),
    ("Imran", "M"),
    ("Ishaan", "M"),
    ("José", "M"),
    ("Kavya", "F"),
    ("Kiran", "M"),
    ("Lakshmi", "F"),
    ("Meera", "F"),
    ("Mohan", "M"),
    ("Neha", "F"),
    ("Nikhil", "M"),
    ("Pooja", "F"),
    ("Rahul", "M"),
    ("Renée", "F"),
    ("Rohan", "M"),
    ("Sana", "F"),
    ("Suresh", "M"),
    ("Tanvi", "F"),
    ("Vikram", "M"),
];

const FAMILY: [&str; 23] = [
    "Agarwal",
    "Bhatt",
    "Chauhan",
    "Das",
    "D'Souza",
    "Fernandes",
    "Ghosh",
    "Gupta",
    "Iyer",
    "Jain",
    "Joshi",
    "Khan",
    "Kumar",
    "Mehta",
    "Mishra",
    "Nair",
    "Patel",
    "Rao",
    "Reddy",
    "Sharma",
    "Singh",
    "Verma",
    "Yadav",
];

const INDIC: [(&str, &str); 3] = [("प्रिया शर्मा", "F"), ("राम कुमार", "M"), ("रमा कुमार", "F")];

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

const NOTES: [&str; 12] = [
    "",
    "",
    "",
    "prefers the window",
    "=1+1",
    "+ locker",
    "-2 days a week",
    "@ evening shift",
    "\"needs a power socket, and quiet\"",
    "\"reads for the civil services\nexam in May\"",
    "\"known as \"\"Bunty\"\"\"",
    "pays by the quarter",
];

/// The bad rows: the code of the fault, and the line. `{n}` is replaced by a number of its own.
pub(crate) const BAD: [(&str, &str); 37] = [
    (
        "quote_unclosed",
        "X-{n},\"Asha Rao,90000 2{n},,,,,F,,,,left the quote open",
    ),
    ("quote_misplaced", "X-{n},\"Asha\" Rao,90000 2{n},,,,,F,,,,"),
    (
        "too_many_cells",
        "X-{n},Asha Rao,90000 2{n},,,,,F,,,,sits near door, window, fan",
    ),
    ("too_few_cells", "Total,1000"),
    (
        "control_character",
        "X-{n},Asha\u{7} Rao,90000 2{n},,,,,F,,,,",
    ),
    (
        "character_unreadable",
        "X-{n},Ren\u{FFFD}e Rao,90000 2{n},,,,,F,,,,",
    ),
    (
        "spreadsheet_error",
        "X-{n},Asha Rao,90000 2{n},,#REF!,,,F,,,,",
    ),
    (
        "column_too_narrow",
        "X-{n},Asha Rao,90000 2{n},,,,########,F,,,,",
    ),
    ("name_missing", "X-{n},,90000 2{n},,,,,F,,,,"),
    ("name_is_number", "X-{n},4021,90000 2{n},,,,,F,,,,"),
    ("name_without_letters", "X-{n},---,90000 2{n},,,,,F,,,,"),
    ("code_characters", "X {n} #,Asha Rao,90000 2{n},,,,,F,,,,"),
    ("code_repeated", "sh-0002,Asha Rao,90000 2{n},,,,,F,,,,"),
    (
        "student_repeated",
        "X-{n},AARAV  AGARWAL,+91 90000 00000,,,,,M,,,,",
    ),
    ("phone_missing", "X-{n},Asha Rao,-,,,,,F,,,,"),
    ("phone_scientific", "X-{n},Asha Rao,9.00002E+09,,,,,F,,,,"),
    ("phone_masked", "X-{n},Asha Rao,90000XXXXX,,,,,F,,,,"),
    (
        "phone_several",
        "X-{n},Asha Rao,9000020001 / 9000020002,,,,,F,,,,",
    ),
    ("phone_letters", "X-{n},Asha Rao,9OOOO2{n},,,,,F,,,,"),
    ("phone_too_short", "X-{n},Asha Rao,90000200,,,,,F,,,,"),
    ("phone_too_long", "X-{n},Asha Rao,+9190000200011,,,,,F,,,,"),
    ("phone_not_mobile", "X-{n},Asha Rao,022-2000{n},,,,,F,,,,"),
    (
        "phone_country_unclear",
        "X-{n},Asha Rao,440000020001,,,,,F,,,,",
    ),
    ("phone_placeholder", "X-{n},Asha Rao,9999999999,,,,,F,,,,"),
    (
        "email_invalid",
        "X-{n},Asha Rao,90000 2{n},asha.example.com,,,,F,,,,",
    ),
    (
        "email_several",
        "X-{n},Asha Rao,90000 2{n},asha@example.com; rao@example.com,,,,F,,,,",
    ),
    (
        "date_unreadable",
        "X-{n},Asha Rao,90000 2{n},,,,last May,F,,,,",
    ),
    (
        "date_impossible",
        "X-{n},Asha Rao,90000 2{n},,,,31/02/2004,F,,,,",
    ),
    (
        "date_month_first",
        "X-{n},Asha Rao,90000 2{n},,,,04/23/2004,F,,,,",
    ),
    (
        "date_two_digit_year",
        "X-{n},Asha Rao,90000 2{n},,,,23/04/04,F,,,,",
    ),
    (
        "date_serial_number",
        "X-{n},Asha Rao,90000 2{n},,,,38100,F,,,,",
    ),
    (
        "birth_in_future",
        "X-{n},Asha Rao,90000 2{n},,,,23/04/2204,F,,,,",
    ),
    (
        "birth_too_long_ago",
        "X-{n},Asha Rao,90000 2{n},,,,23/04/1804,F,,,,",
    ),
    (
        "joined_before_birth",
        "X-{n},Asha Rao,90000 2{n},,,,23/04/2004,F,01/04/2000,,,",
    ),
    ("gender_unknown", "X-{n},Asha Rao,90000 2{n},,,,,Mrs,,,,"),
    (
        "status_unknown",
        "X-{n},Asha Rao,90000 2{n},,,,,F,,defaulter,,",
    ),
    (
        "branch_unknown",
        "X-{n},Asha Rao,90000 2{n},,,,,F,,,Atlantis,",
    ),
];

/// The whole file.
pub(crate) fn generate() -> String {
    let mut text = format!("{HEADER}\n");
    let (mut good, mut bad) = (0, 0);
    for position in 1..=ROWS {
        if position % EVERY == 0 {
            let number = format!("{:04}", bad + 1);
            text.push_str(&BAD[bad].1.replace("{n}", &number));
            bad += 1;
        } else {
            student(&mut text, good);
            good += 1;
        }
        text.push('\n');
        // Blank lines, and lines of empty cells, as deleted rows leave them behind.
        match position {
            250 => text.push('\n'),
            500 => text.push_str(",,,,,,,,,,,\n"),
            _ => {}
        }
    }
    text
}

fn student(text: &mut String, n: usize) {
    // Every fortieth is the sibling of the one before: same phone, same family, another name.
    let sibling = n % 40 == 39;
    let family = FAMILY[if sibling { n - 1 } else { n } % FAMILY.len()];
    let (name, gender) = if n % 100 >= 97 {
        let (name, gender) = INDIC[n % 100 - 97];
        (name.to_owned(), gender)
    } else {
        let (given, gender) = GIVEN[n % GIVEN.len()];
        (format!("{given} {family}"), gender)
    };
    let code = if n % 10 == 9 {
        String::new()
    } else {
        format!("SH-{:04}", n + 1)
    };
    let email = match n % 4 {
        0 => format!("student{n}@example.com"),
        1 => format!(" Student{n}@Example.COM "),
        _ => String::new(),
    };
    let (parent, parent_phone) = match n % 3 {
        0 => (
            format!("{} {family}", GIVEN[(n + 9) % GIVEN.len()].0),
            phone(n / 3 + 5_000, n + 2),
        ),
        _ => (String::new(), String::new()),
    };
    let fields = [
        code,
        name,
        phone(if sibling { n - 1 } else { n }, n),
        email,
        parent,
        parent_phone,
        date(1_996 + n % 12, n % 12, 1 + n % 28, n),
        [gender, "", if gender == "F" { "Female" } else { "male" }][n % 3].to_owned(),
        date(2_024 + n % 2, n % 12, 1 + n % 28, n + 1),
        ["Active", "", "active", "Paused", "", "Left"][n % 6].to_owned(),
        String::new(),
        NOTES[n % NOTES.len()].to_owned(),
    ];
    text.push_str(&fields.join(","));
}

/// `+91 90000 0nnnn` as spreadsheets and people write it.
fn phone(n: usize, style: usize) -> String {
    let number = format!("90000{n:05}");
    let (head, tail) = number.split_at(5);
    match style % 8 {
        0 => number,
        1 => format!("{head} {tail}"),
        2 => format!("+91 {head}-{tail}"),
        3 => format!("91{number}"),
        4 => format!("0{number}"),
        5 => format!("'{number}"),
        6 => format!("{number}.0"),
        _ => format!("+91{number}"),
    }
}

fn date(year: usize, month: usize, day: usize, style: usize) -> String {
    let m = month + 1;
    match style % 6 {
        0 => format!("{day:02}/{m:02}/{year}"),
        1 => format!("{year}-{m:02}-{day:02}"),
        2 => format!("{day}-{m}-{year}"),
        3 => format!("{day} {} {year}", MONTHS[month]),
        4 => format!("{day:02}.{m:02}.{year}"),
        _ => String::new(),
    }
}

/// Where the committed file is.
pub(crate) fn path() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/students.csv")
}

#[test]
fn the_committed_file_is_the_generated_one() {
    let generated = generate();
    if std::fs::read_to_string(path()).ok().as_deref() != Some(generated.as_str()) {
        let new = path().with_extension("csv.new");
        std::fs::write(&new, generated).unwrap();
        panic!(
            "the sample differs from its generator; if that is meant, move {} there",
            new.display()
        );
    }
}
