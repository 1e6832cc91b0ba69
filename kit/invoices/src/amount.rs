//! Amounts as people read them. Every currency that products sell in has a hundred minor units.

use gantry_kernel::{Currency, Money};

/// `1,23,456.50`: rupees are grouped in thousands and then hundreds, others in thousands.
pub fn plain(money: Money) -> String {
    let sign = if money.amount < 0 { "-" } else { "" };
    let amount = money.amount.unsigned_abs();
    let digits = (amount / 100).to_string();
    let later = if money.currency == Currency::INR {
        2
    } else {
        3
    };
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        let left = digits.len() - at;
        if at > 0 && (left == 3 || (left > 3 && (left - 3).is_multiple_of(later))) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{:02}", amount % 100)
}

/// With its sign or code: `₹1,23,456.50`.
pub fn shown(money: Money) -> String {
    if money.currency == Currency::INR {
        format!("₹{}", plain(money))
    } else {
        format!("{} {}", money.currency, plain(money))
    }
}

const SMALL: [&str; 20] = [
    "Zero",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
    "Thirteen",
    "Fourteen",
    "Fifteen",
    "Sixteen",
    "Seventeen",
    "Eighteen",
    "Nineteen",
];
const TENS: [&str; 10] = [
    "", "", "Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety",
];

fn below_hundred(number: u64) -> String {
    let index = |number: u64| usize::try_from(number).unwrap_or(0);
    if number < 20 {
        return SMALL[index(number)].to_owned();
    }
    let tens = TENS[index(number / 10)];
    match number % 10 {
        0 => tens.to_owned(),
        one => format!("{tens} {}", SMALL[index(one)]),
    }
}

fn words(number: u64) -> String {
    const STEPS: [(u64, &str); 4] = [
        (10_000_000, "Crore"),
        (100_000, "Lakh"),
        (1_000, "Thousand"),
        (100, "Hundred"),
    ];
    for (step, name) in STEPS {
        if number >= step {
            let head = format!("{} {name}", words(number / step));
            return match number % step {
                0 => head,
                rest => format!("{head} {}", words(rest)),
            };
        }
    }
    below_hundred(number)
}

/// `Rupees One Lakh Five and Fifty Paise Only`; other currencies by their code.
pub fn in_words(money: Money) -> String {
    let amount = money.amount.unsigned_abs();
    let unit = if money.currency == Currency::INR {
        "Rupees".to_owned()
    } else {
        money.currency.to_string()
    };
    let minor = match amount % 100 {
        0 => String::new(),
        minor if money.currency == Currency::INR => format!(" and {} Paise", words(minor)),
        minor => format!(" and {minor}/100"),
    };
    let sign = if money.amount < 0 { "Minus " } else { "" };
    format!("{sign}{unit} {}{minor} Only", words(amount / 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_grouped_as_their_country_does() {
        let inr = |amount| plain(Money::new(amount, Currency::INR));
        assert_eq!(inr(5), "0.05");
        assert_eq!(inr(99_999), "999.99");
        assert_eq!(inr(100_000), "1,000.00");
        assert_eq!(inr(12_345_650), "1,23,456.50");
        assert_eq!(inr(-12_345_678_900), "-12,34,56,789.00");
        let usd = "USD".parse().unwrap();
        assert_eq!(shown(Money::new(123_456_750, usd)), "USD 1,234,567.50");
        assert_eq!(
            shown(Money::new(i64::MIN, usd)),
            "USD -92,233,720,368,547,758.08"
        );
    }

    #[test]
    fn amounts_in_words() {
        let inr = |amount| in_words(Money::new(amount, Currency::INR));
        assert_eq!(inr(0), "Rupees Zero Only");
        assert_eq!(inr(10_000_550), "Rupees One Lakh Five and Fifty Paise Only");
        assert_eq!(inr(118_000), "Rupees One Thousand One Hundred Eighty Only");
        assert_eq!(inr(21_000_000_000), "Rupees Twenty One Crore Only");
        assert_eq!(
            inr(199_999_900),
            "Rupees Nineteen Lakh Ninety Nine Thousand Nine Hundred Ninety Nine Only"
        );
    }
}
