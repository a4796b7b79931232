export { MAX_GRACE_MINUTES, MAX_PAYMENT_TERMS_DAYS } from './validate-settings.js';
