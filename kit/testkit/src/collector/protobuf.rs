//! Reading protobuf by nothing but its rules: fields by their numbers.

/// A field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// A number of any length.
    Varint(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// A text, bytes, or a message.
    Bytes(Vec<u8>),
    /// Four bytes.
    Fixed32(u32),
}

/// A message as its fields in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message(pub Vec<(u64, Field)>);

impl Message {
    /// Panics where the bytes are no message.
    pub fn read(mut bytes: &[u8]) -> Self {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes);
            let value = match tag & 7 {
                0 => Field::Varint(varint(&mut bytes)),
                1 => Field::Fixed64(u64::from_le_bytes(
                    take(&mut bytes, 8)
                        .try_into()
                        .expect("a well-formed message"),
                )),
                2 => {
                    let length =
                        usize::try_from(varint(&mut bytes)).expect("a well-formed message");
                    Field::Bytes(take(&mut bytes, length).to_vec())
                }
                5 => Field::Fixed32(u32::from_le_bytes(
                    take(&mut bytes, 4)
                        .try_into()
                        .expect("a well-formed message"),
                )),
                other => panic!("wire type {other}"),
            };
            fields.push((tag >> 3, value));
        }
        Self(fields)
    }

    /// Every field of this number.
    pub fn all(&self, number: u64) -> Vec<&Field> {
        let of = self.0.iter().filter(|(known, _)| *known == number);
        of.map(|(_, field)| field).collect()
    }

    /// The only field of this number.
    pub fn one(&self, number: u64) -> &Field {
        let all = self.all(number);
        assert_eq!(all.len(), 1, "field {number} of {self:?}");
        all[0]
    }

    /// The bytes of the only field of this number.
    pub fn bytes(&self, number: u64) -> &[u8] {
        match self.one(number) {
            Field::Bytes(bytes) => bytes,
            other => panic!("field {number} is {other:?}"),
        }
    }

    /// The same as text.
    pub fn text(&self, number: u64) -> String {
        String::from_utf8(self.bytes(number).to_vec()).expect("a well-formed message")
    }

    /// The same as a message.
    #[must_use]
    pub fn message(&self, number: u64) -> Self {
        Self::read(self.bytes(number))
    }

    /// Every field of this number as a message.
    pub fn messages(&self, number: u64) -> Vec<Self> {
        let all = self.all(number).into_iter();
        all.map(|field| match field {
            Field::Bytes(bytes) => Self::read(bytes),
            other => panic!("field {number} is {other:?}"),
        })
        .collect()
    }

    /// `KeyValue`s as texts.
    pub fn attributes(&self, number: u64) -> Vec<(String, String)> {
        let pairs = self.messages(number).into_iter();
        pairs
            .map(|pair| {
                let any = pair.message(2);
                let value = match &any.0[..] {
                    [(1, Field::Bytes(text))] => {
                        String::from_utf8(text.clone()).expect("a well-formed message")
                    }
                    [(3, Field::Varint(number))] => number.to_string(),
                    other => panic!("{other:?}"),
                };
                (pair.text(1), value)
            })
            .collect()
    }
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return value;
        }
    }
    panic!("a number without an end")
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(count);
    *bytes = rest;
    taken
}
