//! The routes about money: who may call what.

use std::sync::Arc;
use std::time::Duration;

use gantry_http::{Class, Route, Routes};

use super::permission::{
    DAYCLOSE_MAKE, EXPENSE_WRITE, FEE_READ, FEE_WRITE, PAYMENT_APPROVE, PAYMENT_READ, PAYMENT_TAKE,
    REFUND_MAKE, REPORT_READ,
};
use super::{
    day_close, discount, document, due, error, expense, payment, plan, refund, report, settings,
};
use crate::Spaces;
use crate::permission::{UNITS, WHOLE};

macro_rules! at {
    ($path:literal) => {
        concat!("/api/v1/tenants/{tenant}/spaces", $path)
    };
}

/// All of them.
pub fn routes() -> Routes {
    fees().join(desk()).join(back_office())
}

fn fees() -> Routes {
    Routes::new(Arc::new(Spaces))
        .route(
            Route::get(at!("/money-settings"), "get_money_settings")
                .tenant(FEE_READ, UNITS)
                .summary("Read what is decided about money")
                .handle(settings::api::get),
        )
        .route(
            Route::put(at!("/money-settings"), "put_money_settings")
                .tenant(FEE_WRITE, WHOLE)
                .summary("Decide about money")
                .describe(
                    "Currency, the limit above which a second person approves payments and refunds, and late \
                     fees: a due that is not paid so many days after its day gets one, once.",
                )
                .errors(&["currency_in_use"])
                .if_match()
                .handle(settings::api::put),
        )
        .route(
            Route::get(at!("/branches/{branch}/billing"), "get_billing_profile")
                .tenant(FEE_READ, UNITS)
                .summary("Read who a branch is on paper")
                .describe("`null` while nobody said so and nothing was issued.")
                .handle(settings::api::get_profile),
        )
        .route(
            Route::put(at!("/branches/{branch}/billing"), "put_billing_profile")
                .tenant(FEE_WRITE, UNITS)
                .summary("Say who a branch is on paper")
                .describe("With a GSTIN what is charged from now on is taxed. Issued documents stay as they are.")
                .errors(&["prefix_taken"])
                .handle(settings::api::put_profile),
        )
        .route(
            Route::get(at!("/fee-plans"), "list_fee_plans")
                .tenant(FEE_READ, UNITS)
                .summary("List fee plans by name")
                .handle(plan::api::list),
        )
        .route(
            Route::post(at!("/fee-plans"), "create_fee_plan")
                .tenant(FEE_WRITE, UNITS)
                .summary("Make a fee plan")
                .idempotent()
                .errors(&["branch_unknown", "plan_name_taken"])
                .handle(plan::api::create),
        )
        .route(
            Route::get(at!("/fee-plans/{plan}"), "get_fee_plan")
                .tenant(FEE_READ, UNITS)
                .summary("Read a fee plan")
                .handle(plan::api::get),
        )
        .route(
            Route::patch(at!("/fee-plans/{plan}"), "update_fee_plan")
                .tenant(FEE_WRITE, UNITS)
                .summary("Change a fee plan")
                .describe("What was sold keeps the price it was sold at.")
                .errors(&["plan_name_taken"])
                .if_match()
                .handle(plan::api::update),
        )
        .route(
            Route::post(at!("/fee-quotes"), "quote_fee")
                .tenant(FEE_READ, UNITS)
                .summary("Work out a price")
                .describe("Nothing is written. A charge is worked out anew from the same.")
                .errors(&["branch_unknown", "plan_unknown", "plan_inactive", "discount_unusable", "no_price"])
                .handle(plan::api::ask),
        )
        .route(
            Route::get(at!("/discounts"), "list_discounts")
                .tenant(FEE_READ, UNITS)
                .summary("List discounts by code")
                .handle(discount::api::list),
        )
        .route(
            Route::post(at!("/discounts"), "create_discount")
                .tenant(FEE_WRITE, UNITS)
                .summary("Make a discount")
                .idempotent()
                .errors(&["branch_unknown", "discount_code_taken"])
                .handle(discount::api::create),
        )
        .route(
            Route::get(at!("/discounts/{discount}"), "get_discount")
                .tenant(FEE_READ, UNITS)
                .summary("Read a discount")
                .handle(discount::api::get),
        )
        .route(
            Route::patch(at!("/discounts/{discount}"), "update_discount")
                .tenant(FEE_WRITE, UNITS)
                .summary("Change a discount")
                .errors(&["discount_code_taken"])
                .if_match()
                .handle(discount::api::update),
        )
        .errors(error::CODES)
        .finish()
}

fn desk() -> Routes {
    Routes::new(Arc::new(Spaces))
        .route(
            Route::get(at!("/dues"), "list_dues")
                .tenant(PAYMENT_READ, UNITS)
                .summary("List dues by the day they are due")
                .handle(due::api::list),
        )
        .route(
            Route::post(at!("/dues"), "charge_student")
                .tenant(PAYMENT_TAKE, UNITS)
                .summary("Charge a student")
                .describe("The server works out the price. The answer is the dues, one for each instalment, and the invoice.")
                .idempotent()
                .errors(&[
                    "branch_unknown",
                    "student_unknown",
                    "plan_unknown",
                    "plan_inactive",
                    "discount_unusable",
                    "no_price",
                    "parts_do_not_sum",
                    "series_full",
                ])
                .handle(due::api::create),
        )
        .route(
            Route::get(at!("/dues/{due}"), "get_due")
                .tenant(PAYMENT_READ, UNITS)
                .summary("Read a due")
                .handle(due::api::get),
        )
        .route(
            Route::post(at!("/dues/{due}/waiver"), "waive_due")
                .tenant(REFUND_MAKE, UNITS)
                .summary("Let a due off")
                .describe("The invoice stays as it is. When less was supplied, credit the due instead.")
                .idempotent()
                .errors(&["more_than_is_left"])
                .handle(due::api::waive),
        )
        .route(
            Route::post(at!("/dues/{due}/credit"), "credit_due")
                .tenant(REFUND_MAKE, UNITS)
                .summary("Take back what was invoiced")
                .describe("Issues a credit note. What was paid of it already is paid ahead then, and can be refunded.")
                .idempotent()
                .errors(&["more_than_is_left", "student_unknown", "series_full"])
                .handle(due::api::credit),
        )
        .route(
            Route::get(at!("/payments"), "list_payments")
                .tenant(PAYMENT_READ, UNITS)
                .summary("List payments, newest first")
                .handle(payment::api::list),
        )
        .route(
            Route::post(at!("/payments"), "take_payment")
                .tenant(PAYMENT_TAKE, UNITS)
                .summary("Take a payment")
                .describe(
                    "Pays the chosen dues, or the oldest, and keeps what is over as paid ahead; issues the receipt. Above the \
                     tenant's limit it is `pending` until a second person approves it. A payment at a desk whose day is \
                     closed counts for the next day.",
                )
                .idempotent()
                .errors(&["branch_unknown", "student_unknown", "reference_taken", "due_unknown", "series_full"])
                .handle(payment::api::take),
        )
        .route(
            Route::get(at!("/payments/{payment}"), "get_payment")
                .tenant(PAYMENT_READ, UNITS)
                .summary("Read a payment")
                .handle(payment::api::get),
        )
        .route(
            Route::post(at!("/payments/{payment}/approval"), "approve_payment")
                .tenant(PAYMENT_APPROVE, UNITS)
                .summary("Approve a payment above the limit")
                .idempotent()
                .errors(&["already_decided", "second_person_needed", "student_unknown", "series_full"])
                .handle(payment::api::approve),
        )
        .route(
            Route::post(at!("/payments/{payment}/rejection"), "reject_payment")
                .tenant(PAYMENT_APPROVE, UNITS)
                .summary("Reject a payment above the limit")
                .idempotent()
                .errors(&["already_decided"])
                .handle(payment::api::reject),
        )
        .route(
            Route::get(at!("/students/{student}/account"), "get_student_account")
                .tenant(PAYMENT_READ, UNITS)
                .summary("Read what a student owes, has paid ahead and has deposited")
                .handle(payment::api::account),
        )
        .route(
            Route::post(at!("/students/{student}/advance-uses"), "use_advance")
                .tenant(PAYMENT_TAKE, UNITS)
                .summary("Pay dues with what was paid ahead")
                .idempotent()
                .errors(&["branch_unknown", "more_than_is_left"])
                .handle(payment::api::spend_advance),
        )
        .route(
            Route::get(at!("/branches/{branch}/drawer"), "get_drawer")
                .tenant(DAYCLOSE_MAKE, UNITS)
                .summary("Read what a drawer should hold")
                .handle(day_close::api::drawer),
        )
        .route(
            Route::post(at!("/branches/{branch}/drawer/floats"), "put_float")
                .tenant(DAYCLOSE_MAKE, UNITS)
                .summary("Put change into a drawer")
                .idempotent()
                .handle(day_close::api::put_float),
        )
        .route(
            Route::get(at!("/day-closes"), "list_day_closes")
                .tenant(DAYCLOSE_MAKE, UNITS)
                .summary("List closed days, newest first")
                .handle(day_close::api::list),
        )
        .route(
            Route::post(at!("/branches/{branch}/day-closes"), "close_day")
                .tenant(DAYCLOSE_MAKE, UNITS)
                .summary("Close somebody's day")
                .describe("Nothing opens a closed day again.")
                .idempotent()
                .errors(&["day_not_open", "more_than_is_left"])
                .handle(day_close::api::close),
        )
        .route(
            Route::get(at!("/billing-documents"), "list_billing_documents")
                .tenant(PAYMENT_READ, UNITS)
                .summary("List invoices, receipts and credit notes, newest first")
                .handle(document::api::list),
        )
        .route(
            Route::get(at!("/billing-documents/{document}"), "get_billing_document")
                .tenant(PAYMENT_READ, UNITS)
                .summary("Read an invoice, receipt or credit note")
                .handle(document::api::get),
        )
        .route(
            Route::get(at!("/billing-documents/{document}/pdf"), "print_billing_document")
                .tenant(PAYMENT_READ, UNITS)
                .summary("Take a document out as PDF")
                .describe("On A4, or on a roll of 80 mm.")
                .media(&["application/pdf"])
                .handle(document::print::print),
        )
        .finish()
}

fn back_office() -> Routes {
    Routes::new(Arc::new(Spaces))
        .route(
            Route::get(at!("/refunds"), "list_refunds")
                .tenant(PAYMENT_READ, UNITS)
                .summary("List refunds, newest first")
                .handle(refund::api::list),
        )
        .route(
            Route::post(at!("/refunds"), "make_refund")
                .tenant(REFUND_MAKE, UNITS)
                .summary("Give back what was paid ahead or deposited")
                .describe(
                    "At most what was paid. What was paid for something is credited first. Above the tenant's limit it is \
                     `pending` until a second person approves it.",
                )
                .idempotent()
                .errors(&["branch_unknown", "student_unknown", "more_than_is_left"])
                .handle(refund::api::make),
        )
        .route(
            Route::get(at!("/refunds/{refund}"), "get_refund")
                .tenant(PAYMENT_READ, UNITS)
                .summary("Read a refund")
                .handle(refund::api::get),
        )
        .route(
            Route::post(at!("/refunds/{refund}/approval"), "approve_refund")
                .tenant(PAYMENT_APPROVE, UNITS)
                .summary("Approve a refund above the limit")
                .idempotent()
                .errors(&["already_decided", "second_person_needed", "more_than_is_left"])
                .handle(refund::api::approve),
        )
        .route(
            Route::post(at!("/refunds/{refund}/rejection"), "reject_refund")
                .tenant(PAYMENT_APPROVE, UNITS)
                .summary("Reject a refund above the limit")
                .idempotent()
                .errors(&["already_decided"])
                .handle(refund::api::reject),
        )
        .route(
            Route::post(at!("/kept-deposits"), "keep_deposit")
                .tenant(REFUND_MAKE, UNITS)
                .summary("Keep a deposit, or part of it")
                .idempotent()
                .errors(&["branch_unknown", "student_unknown", "more_than_is_left"])
                .handle(refund::api::keep),
        )
        .route(
            Route::get(at!("/expenses"), "list_expenses")
                .tenant(REPORT_READ, UNITS)
                .summary("List expenses, newest first")
                .handle(expense::api::list),
        )
        .route(
            Route::post(at!("/expenses"), "enter_expense")
                .tenant(EXPENSE_WRITE, UNITS)
                .summary("Enter an expense")
                .idempotent()
                .errors(&["branch_unknown"])
                .handle(expense::api::create),
        )
        .route(
            Route::get(at!("/reports/collections"), "get_collections")
                .tenant(REPORT_READ, UNITS)
                .summary("Read what was collected, by branch and method")
                .handle(report::api::collections),
        )
        .route(
            Route::get(at!("/reports/earnings"), "get_earnings")
                .tenant(REPORT_READ, UNITS)
                .summary("Read what was earned, by branch and plan")
                .handle(report::api::earnings),
        )
        .route(
            Route::get(at!("/reports/dues-ageing"), "get_dues_ageing")
                .tenant(REPORT_READ, UNITS)
                .summary("Read what is owed, by how long it has been due")
                .handle(report::api::ageing),
        )
        .route(
            Route::get(at!("/reports/collection-rate"), "get_collection_rate")
                .tenant(REPORT_READ, UNITS)
                .summary("Read how much of what was due was paid")
                .handle(report::api::rate),
        )
        .route(
            Route::get(at!("/payments/export.csv"), "export_payments")
                .tenant(REPORT_READ, UNITS)
                .limit(Class::Heavy)
                .timeout(Duration::from_mins(2))
                .summary("Take payments out as CSV")
                .describe("Paging parameters have no effect.")
                .media(&["text/csv"])
                .handle(report::files::payments_file),
        )
        .route(
            Route::get(at!("/dues/export.csv"), "export_dues")
                .tenant(REPORT_READ, UNITS)
                .limit(Class::Heavy)
                .timeout(Duration::from_mins(2))
                .summary("Take dues out as CSV")
                .describe("Paging parameters have no effect.")
                .media(&["text/csv"])
                .handle(report::files::dues_file),
        )
        .finish()
}
