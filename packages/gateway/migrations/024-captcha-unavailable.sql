-- True where the provider of the captcha was out of service, and the channel let the guest in all the same.
alter table guestpass.attempts add column captcha_unavailable boolean;
