// Tools in the shopper's words: while one runs, when it is done, when it failed,
// and when it waits for a yes.

const known = {
  get_order_details: ['Looking up the order', 'Looked up the order', 'The order could not be looked up'],
  list_my_orders: ['Looking through your orders', 'Looked through your orders', 'Your orders could not be looked up'],
  track_parcel: ['Looking where the parcel is', 'Looked where the parcel is', 'The parcel could not be traced'],
  report_parcel_problem: ['Reporting the problem', 'Problem reported', 'The problem could not be reported', 'The report waits for your yes'],
  return_options: ['Looking what can be returned', 'Looked what can be returned', 'The returns could not be looked up'],
  return_delivered_order_items: ['Requesting the return', 'Return requested', 'The return could not be requested', 'The return waits for your yes'],
  exchange_delivered_order_items: ['Requesting the exchange', 'Exchange requested', 'The exchange could not be requested', 'The exchange waits for your yes'],
  cancel_pending_order: ['Cancelling the order', 'Order cancelled', 'The order could not be cancelled', 'The cancellation waits for your yes'],
  modify_pending_order_address: ['Changing the address', 'Address changed', 'The address could not be changed', 'The new address waits for your yes'],
  modify_pending_order_items: ['Changing the items', 'Items changed', 'The items could not be changed', 'The change waits for your yes'],
  modify_pending_order_payment: ['Changing the payment', 'Payment changed', 'The payment could not be changed', 'The change waits for your yes'],
  modify_user_address: ['Changing your address', 'Your address is changed', 'Your address could not be changed', 'The new address waits for your yes'],
  search_products: ['Searching the shop', 'Searched the shop', 'The search did not work'],
  check_stock: ['Looking into the warehouse', 'Looked into the warehouse', 'The stock could not be looked up'],
  get_product_details: ['Looking up the product', 'Looked up the product', 'The product could not be looked up'],
  get_item_details: ['Looking up the product', 'Looked up the product', 'The product could not be looked up'],
  list_all_product_types: ['Looking through the shop', 'Looked through the shop', 'The products could not be looked up'],
  shipping_options: ['Looking up shipping', 'Looked up shipping', 'Shipping could not be looked up'],
  find_user_id_by_email: ['Looking for your account', 'Looked for your account', 'Your account was not found'],
  find_user_id_by_name_zip: ['Looking for your account', 'Looked for your account', 'Your account was not found'],
  get_user_details: ['Looking up your account', 'Looked up your account', 'Your account could not be looked up'],
  transfer_to_human_agents: ['Calling a person', 'A person takes over', 'Nobody could be reached'],
  calculate: ['Calculating', 'Calculated', 'The sum did not work'],
};

// toolWords says how things stand with a tool: as is "running", "done", "failed",
// "asking" or "asked". In English it names the tool.
export function toolWords(words, name, as) {
  const general = words.say('tools');
  if (general) return general[['running', 'done', 'failed', 'asking', 'asked'].indexOf(as)];
  const plain = name.replaceAll(/[_.-]+/g, ' ').trim();
  const [running, done, failed, asking] = known[name] ?? [`Working on it: ${plain}`, `Done: ${plain}`, `This did not work: ${plain}`];
  switch (as) {
    case 'done': return done;
    case 'failed': return failed;
    case 'asking': return asking ?? `This waits for your yes: ${plain}`;
    case 'asked': return 'Asked you first';
    default: return `${running} …`;
  }
}
