//! What a hall knows of people besides their being students.

mod announcements;
mod documents;
mod leads;
mod tickets;
