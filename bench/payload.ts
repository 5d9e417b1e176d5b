/** About 430 bytes of JSON: the tutorial's payload with the attributes a real page sends. */
export const payload = {
  channelId: 'demo',
  consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z', noticeVersion: '2024-01', language: 'en-US' },
  captcha: {
    provider: 'recaptcha',
    response: '03AGdBq25SiXT4pmSeBXjzScW8EiocHwwpwqJRCAC5ZJdTqXl3Zc8v5f0c6f6d9a4e4d0d8f5a2f3b7c1e9d8a',
    score: 0.9,
  },
  attributes: {
    origin: 'automated_test',
    user_agent: 'python-httpx/0.24.0',
    page: 'https://www.example.test/help/contact?topic=billing',
    customerTier: 'gold',
    cartValue: 129.9,
  },
};

export const guestsPath = '/api/v2/conversations/webmessaging/guests';
