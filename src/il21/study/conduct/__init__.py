"""How a trial is conducted: eligibility, enrolment, visits, dose rules, drop-out, death, escalation."""
