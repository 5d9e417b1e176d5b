-- Every gateway counts in rate_uses since.
drop table guestpass.rate_counts;
