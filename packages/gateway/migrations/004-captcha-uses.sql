-- A captcha answer is good once, whichever gateway sees it. Only its hash is kept.
create table guestpass.captcha_uses (
  hash bytea primary key check (length(hash) = 32),
  expires_at timestamptz not null
);

create index captcha_uses_by_expiry on guestpass.captcha_uses (expires_at);
