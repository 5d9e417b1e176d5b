-- The request that asked for the guest, as a W3C `traceparent`: what is told of the attempt later belongs to its trace.
alter table guestpass.attempts add column traceparent text;
