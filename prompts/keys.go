package prompts

// Key is a phrase that the program says, with an example of the fields that its
// template may use.
type Key struct {
	Name    string
	Example Fields
}

// SystemData is what the system prompt may name.
type SystemData struct {
	// Shop is the shop's name, Agent the agent's.
	Shop, Agent string
	// Customer is the caller's display name, "" if unknown; Verified says that the
	// shop vouches for it.
	Customer string
	Verified bool
	// Today is the date in the caller's zone, written out.
	Today string
	// Language is the language to answer in, as its speakers call it.
	Language string
	// Spoken says that the caller listens; otherwise they read.
	Spoken bool
}

func systemExample() SystemData {
	return SystemData{Shop: "the demo shop", Agent: "Parley", Customer: "Maya", Verified: true, Today: "Monday, 23 November 2026", Language: "English", Spoken: true}
}

// Keys lists all phrases. In the fields, Order is an order's number as people
// write it (W10002), Items things in a row ("the headphones and the kettle"),
// Day a day in a sentence ("tomorrow", "on Thursday, November 26th").
func Keys() []Key {
	order := Fields{"Order": "W10002"}
	return []Key{
		// The conversation itself.
		{"greeting", Fields{"Name": "Maya"}},
		{"recorded", nil},
		{"greeting_again", nil},
		{"who_am_i", nil},
		{"can_do", nil},
		{"out_of_scope", nil},
		{"not_understood", nil},
		{"nothing_heard", nil},
		{"go_on", nil},
		{"take_your_time", nil},
		{"welcome", nil},
		{"goodbye", nil},
		{"anything_else", nil},
		{"fine_then", nil},
		{"left_as_is", nil},
		{"nothing_to_repeat", nil},
		{"said_it_all", nil},
		{"apology", nil},
		{"resumed", nil},
		{"filler", nil},
		{"still_there", nil},
		{"limit_reached", nil},
		{"stands_aside", nil},
		{"is_back", nil},
		{"person", nil},
		{"sign_in_first", nil},
		{"tool_failed", nil},
		{"tool_refused", Fields{"Reason": "Payment method not found"}},
		{"sorry_to_hear", nil},

		// Photos.
		{"photo_is", Fields{"Product": "desk lamp"}},
		{"photo_one_of", Fields{"Products": "desk lamp or water bottle"}},
		{"photo_unknown", nil},
		{"photo_unseen", nil},

		// Which order.
		{"ask_order", nil},
		{"ask_order_again", nil},
		{"ask_order_rest", Fields{"Digits": "1 0 0"}},
		{"ask_which_order", Fields{"Orders": "W10001, which is being prepared, and W10002, which is on its way"}},
		{"order_not_found", order},
		{"order_unclear", nil},
		{"did_you_mean", order},
		{"no_orders", nil},
		{"no_such_item", Fields{"Thing": "a bicycle"}},
		{"list_orders", Fields{"Count": "two", "Orders": "W10001, which is being prepared, and W10002, which is on its way"}},
		{"list_one_order", Fields{"Order": "W10001", "State": "is on its way"}},
		{"listed_order", Fields{"Order": "W10001", "State": "is on its way", "Items": "headphones and an electric kettle"}},

		// How an order stands, beside its number in a list.
		{"state_pending", nil},
		{"state_processed", nil},
		{"state_delivered", nil},
		{"state_cancelled", nil},
		{"state_return_requested", nil},
		{"state_exchange_requested", nil},
		{"state_other", Fields{"Status": "exchange requested"}},
		{"order_which", Fields{"Order": "W10001", "State": "is on its way"}},

		// How an order stands, as an answer.
		{"status_pending", order},
		{"status_processed", order},
		{"status_delivered", Fields{"Order": "W10003", "Day": "on Saturday, November 21st"}},
		{"status_delivered_undated", order},
		{"status_cancelled", order},
		{"status_cancelled_why", Fields{"Order": "W10004", "Reason": "no longer needed"}},
		{"status_refunded", Fields{"Amount": "115 Singapore dollars", "Method": "your Visa card"}},
		{"status_return_requested", Fields{"Order": "W10003", "Items": "the headphones"}},
		{"status_exchange_requested", order},
		{"status_other", Fields{"Order": "W10005", "Status": "exchange requested"}},
		{"parcel_eta", Fields{"Day": "tomorrow"}},
		{"parcel_late", Fields{"Day": "yesterday"}},
		{"parcel_no_eta", nil},
		{"not_shipped_yet", order},
		{"event_label_created", Fields{"Place": "Shenzhen", "Day": "on Friday, November 20th"}},
		{"event_picked_up", Fields{"Place": "Shenzhen", "Day": "yesterday"}},
		{"event_departed", Fields{"Place": "Shenzhen", "Day": "yesterday"}},
		{"event_arrived", Fields{"Place": "Singapore", "Day": "today"}},
		{"event_out_for_delivery", Fields{"Place": "Singapore", "Day": "today"}},
		{"event_delivered", Fields{"Place": "Singapore", "Day": "today"}},
		{"event_other", Fields{"Place": "Singapore", "Day": "today"}},

		// What else is known of an order.
		{"order_items", Fields{"Order": "W10003", "Items": "headphones and an electric kettle"}},
		{"order_total", Fields{"Order": "W10003", "Amount": "178.50 Singapore dollars", "Method": "your Visa card"}},
		{"order_tracking", Fields{"Carrier": "Parcel Express", "Number": "P X 4 8 2"}},
		{"order_carrier", Fields{"Carrier": "Parcel Express"}},
		{"order_no_parcel", order},
		{"order_address", Fields{"Order": "W10003", "Address": "8 Demo Lane, Singapore"}},
		{"order_placed", Fields{"Order": "W10003", "Day": "on Saturday, November 14th"}},
		{"order_paid", Fields{"Order": "W10003", "Method": "your Visa card"}},
		{"refund_pending", Fields{"Order": "W10003", "Method": "your Visa card"}},
		{"refund_none", order},

		// Returns.
		{"return_which_items", Fields{"Order": "W10003", "Items": "headphones and an electric kettle"}},
		{"return_items_are", Fields{"Order": "W10003", "Items": "headphones and an electric kettle"}},
		{"return_item_not_in_order", Fields{"Order": "W10003", "Items": "headphones and an electric kettle"}},
		{"return_confirm", Fields{"Order": "W10003", "Items": "the headphones", "Method": "your Visa card"}},
		{"return_confirm_undirected", Fields{"Order": "W10003", "Items": "the headphones"}},
		{"return_confirm_again", Fields{"Order": "W10003", "Items": "the headphones"}},
		{"return_done", Fields{"Order": "W10003", "Items": "the headphones", "Method": "your Visa card"}},
		{"return_done_undirected", Fields{"Order": "W10003", "Items": "the headphones"}},
		{"return_was_done", Fields{"Order": "W10003", "Items": "the headphones"}},
		{"return_not_delivered", Fields{"Order": "W10001", "State": "is being prepared"}},
		{"return_already", order},
		{"return_none_delivered", nil},
		{"return_policy", nil},
		{"return_bad_method", nil},
		{"no_gift_card", nil},
		{"no_exchange", nil},
		{"no_cancel", nil},
		{"no_change", nil},

		// Whom we are talking to.
		{"ask_who", nil},
		{"ask_who_again", nil},
		{"identify_wrong", nil},
		{"identify_enough", nil},
		{"identified", nil},
		{"cannot_do", nil},
		{"profile", Fields{"Name": "Maya Tan", "Email": "maya@example.com", "Address": "8 Demo Lane, Singapore"}},
		{"handed_over", nil},

		// Cancelling.
		{"ask_reason", order},
		{"cancel_not_pending", Fields{"Order": "W10002", "State": "is on its way"}},
		{"cancel_confirm", Fields{"Order": "W10001", "Reason": "no longer needed", "Amount": "73.90 Singapore dollars", "Method": "your Visa card"}},
		{"cancel_confirm_again", Fields{"Order": "W10001"}},
		{"cancel_done", Fields{"Order": "W10001", "Amount": "73.90 Singapore dollars", "Method": "your Visa card"}},

		// Exchanges, and changes of an order that was not sent.
		{"exchange_not_possible", Fields{"Order": "W10002", "State": "is on its way"}},
		{"exchange_which_item", Fields{"Order": "W10003", "Items": "headphones and an electric kettle"}},
		{"exchange_which_option", Fields{"Item": "headphones", "Choices": "white or blue"}},
		{"exchange_unavailable", Fields{"Item": "headphones", "Choices": "white or blue"}},
		{"exchange_none", Fields{"Item": "headphones"}},
		{"exchange_confirm", Fields{"Order": "W10003", "Item": "headphones", "Option": "white", "Method": "your Visa card"}},
		{"exchange_confirm_again", Fields{"Order": "W10003", "Item": "headphones", "Option": "white"}},
		{"exchange_done", Fields{"Order": "W10003", "Item": "headphones", "Option": "white"}},
		{"items_done", Fields{"Order": "W10001", "Item": "water bottle", "Option": "1 litre"}},
		{"address_not_pending", Fields{"Order": "W10002", "State": "is on its way"}},
		{"ask_address", order},
		{"ask_account_address", nil},
		{"address_confirm", Fields{"Order": "W10001", "Address": "8 Demo Lane, Singapore"}},
		{"address_done", Fields{"Order": "W10001", "Address": "8 Demo Lane, Singapore"}},
		{"account_confirm", Fields{"Address": "8 Demo Lane, Singapore"}},
		{"account_done", Fields{"Address": "8 Demo Lane, Singapore"}},
		{"payment_not_pending", Fields{"Order": "W10002", "State": "is on its way"}},
		{"payment_no_other", Fields{"Method": "your Visa card"}},
		{"ask_method", Fields{"Choices": "your Visa card or your gift card"}},
		{"payment_confirm", Fields{"Order": "W10001", "Method": "your gift card"}},
		{"payment_done", Fields{"Order": "W10001", "Method": "your gift card"}},
		{"refuse_not_pending", order},
		{"refuse_not_delivered", order},
		{"refuse_gift_card", nil},
		{"refuse_unavailable", nil},
		{"refuse_same", nil},
		{"refuse_payments", order},
		{"refuse_no_method", nil},

		// Problems with a parcel.
		{"problem_confirm_lost", order},
		{"problem_confirm_late", order},
		{"problem_confirm_damaged", order},
		{"problem_confirm_wrong_item", order},
		{"problem_confirm_again", order},
		{"problem_done", order},
		{"problem_case", Fields{"Case": "C 1 2 3"}},
		{"offer_refund", nil},
		{"offer_refund_amount", Fields{"Amount": "129 Singapore dollars", "Days": 7}},
		{"offer_reship", nil},
		{"offer_investigate", nil},
		{"offer_wait", nil},
		{"parcel_lost", nil},

		// What may be returned.
		{"options_until", Fields{"Order": "W10003", "Items": "headphones", "Day": "on Thursday, November 26th"}},
		{"options_pays_shop", nil},
		{"options_pays_customer", nil},
		{"options_refund_days", Fields{"Days": 7}},
		{"options_none_of_order", order},
		{"options_window", Fields{"Days": 30}},

		// Stock and shipping.
		{"ask_product", nil},
		{"stock_yes", Fields{"Product": "headphones", "Option": "white", "Price": "129 Singapore dollars"}},
		{"stock_no", Fields{"Product": "headphones", "Choices": "white or black"}},
		{"ask_country", nil},
		{"shipping_none", Fields{"Country": "Antarctica"}},
		{"shipping_to", Fields{"Country": "Vietnam", "Ways": "by express it takes 3 to 7 days"}},
		{"shipping_way", Fields{"Mode": "express", "Price": "20 Singapore dollars", "Days": "3 to 7"}},

		// Products.
		{"products_all", Fields{"Products": "headphones, kettles and phone cases"}},
		{"product_found", Fields{"Product": "headphones", "Price": "129 Singapore dollars"}},
		{"product_found_from", Fields{"Product": "headphones", "Price": "129 Singapore dollars", "PriceTo": "139 Singapore dollars"}},
		{"product_options", Fields{"Option": "color", "Values": "black and white"}},
		{"product_sold_out", Fields{"Product": "headphones"}},
		{"products_found", Fields{"Products": "a rain jacket and a T-shirt"}},
		{"product_none", nil},

		// Pieces of sentences.
		{"and", Fields{"List": "a, b", "Last": "c"}},
		{"and_clauses", Fields{"List": "a, which is b", "Last": "c, which is d"}},
		{"or", Fields{"List": "a, b", "Last": "c"}},
		{"day_today", nil},
		{"day_tomorrow", nil},
		{"day_yesterday", nil},
		{"day_on", Fields{"Weekday": "Thursday", "Month": "November", "Day": 26, "Nth": "26th"}},
		{"method_card", Fields{"Brand": "Visa"}},
		{"method_paypal", nil},
		{"method_gift_card", nil},
		{"method_other", nil},
		{"item_with_option", Fields{"Name": "phone case", "Option": "black"}},
		{"item_counted", Fields{"Name": "phone case", "Count": 2}},
	}
}
