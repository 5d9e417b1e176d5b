/** A notice as a file of notices holds it. */
export const notice = {
  id: 'chat-privacy',
  version: '2024-01',
  language: 'en',
  url: 'https://shop.example/privacy/2024-01',
  text: 'We process what you write in this chat to answer you.',
  purposes: ['answering the guest'],
  dataCategories: ['chat messages', 'time of consent'],
  recipients: ['Genesys Cloud, EU (Frankfurt)'],
  controller: { name: 'Shop Ltd', contact: 'privacy@shop.example' },
  storageDuration: '90 days',
  withdrawal: 'https://shop.example/privacy/withdraw',
};
