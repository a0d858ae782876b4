package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"parley/tools"
)

// listed is how many orders list_my_orders tells of. More could not be listened to.
const listed = 10

// found is how many products search_products gives when it is not told.
const found = 5

// orderNumber is the JSON Schema of an order's number.
const orderNumber = `{"type": "string", "pattern": "^#?[Ww][0-9]{5,7}$", "description": "The order's number: W and five to seven digits, such as W10002."}`

// verified is what every tool requires that tells of a customer's own things.
const verified = "caller.verified"

func builtin[A any](def tools.Definition, run func(context.Context, A, tools.Call) (any, error)) tools.Tool {
	return tools.New(def, tools.Func("shop."+def.Name, def.Effect, run).Run())
}

// Tools are the builtin tools over the store, for a [tools.Registry].
func (s *Store) Tools() []tools.Tool {
	return []tools.Tool{
		builtin(tools.Definition{
			Name: "get_order_details",
			Description: "Everything about one of the caller's orders: status, items with options and prices, parcels with carrier, " +
				"tracking number, events and expected day (eta), address, payments, and what a return could pay back to.",
			Parameters: json.RawMessage(`{"type": "object", "properties": {"order_id": ` + orderNumber + `}, "required": ["order_id"], "additionalProperties": false}`),
			Effect:     tools.Read, Requires: verified,
		}, s.getOrderDetails),
		builtin(tools.Definition{
			Name:        "list_my_orders",
			Description: "The caller's latest orders, newest first, each with number, status, date and items.",
			Parameters:  json.RawMessage(`{"type": "object", "properties": {}, "additionalProperties": false}`),
			Effect:      tools.Read, Requires: verified,
		}, s.listMyOrders),
		builtin(tools.Definition{
			Name: "search_products",
			Description: "What the shop sells: products that match the words of the query, with prices and the options that are available. " +
				"An empty query lists what there is.",
			Parameters: json.RawMessage(`{"type": "object", "properties": {
				"query": {"type": "string", "maxLength": 200, "description": "Words to look for, such as: black headphones."},
				"limit": {"type": "integer", "minimum": 1, "maximum": 20, "description": "How many products at most, 1 to 20."}
			}, "required": ["query"], "additionalProperties": false}`),
			Effect: tools.Read, Confirm: tools.ConfirmNone,
		}, s.searchProducts),
		builtin(tools.Definition{
			Name: "return_delivered_order_items",
			Description: "Request the return of items of one of the caller's delivered orders. Only once per order. " +
				"The money goes back to the original payment method, or to a gift card of the caller's if they ask for that.",
			Parameters: json.RawMessage(`{"type": "object", "properties": {
				"order_id": ` + orderNumber + `,
				"item_ids": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 100,
					"description": "The item_id of each item to return, as get_order_details gives them; one that goes back twice is named twice."},
				"payment_method_id": {"type": "string", "maxLength": 100,
					"description": "One of the order's refund_options; leave it out for the original payment method."}
			}, "required": ["order_id", "item_ids"], "additionalProperties": false}`),
			Effect: tools.Write, Confirm: tools.ConfirmHeard, Requires: verified,
		}, s.returnDeliveredOrderItems),
	}
}

type orderArgs struct {
	OrderID string `json:"order_id"`
}

func (s *Store) getOrderDetails(ctx context.Context, args orderArgs, call tools.Call) (any, error) {
	c, err := s.Customer(ctx, call.Caller.CustomerID)
	if err != nil {
		return nil, told(err)
	}
	o, err := s.Order(ctx, c.ID, args.OrderID)
	if err != nil {
		return nil, told(err)
	}
	return viewOrder(o, c), nil
}

func (s *Store) listMyOrders(ctx context.Context, _ struct{}, call tools.Call) (any, error) {
	c, err := s.Customer(ctx, call.Caller.CustomerID)
	if err != nil {
		return nil, told(err)
	}
	list, err := s.Orders(ctx, c.ID, listed)
	if err != nil {
		return nil, err
	}
	views := make([]summaryView, 0, len(list))
	for _, o := range list {
		views = append(views, viewSummary(o, c.zone()))
	}
	return map[string]any{"orders": views}, nil
}

type searchArgs struct {
	Query string `json:"query"`
	Limit int    `json:"limit"`
}

func (s *Store) searchProducts(ctx context.Context, args searchArgs, _ tools.Call) (any, error) {
	if args.Limit == 0 {
		args.Limit = found
	}
	list, err := s.Products(ctx, args.Query, args.Limit)
	if err != nil {
		return nil, err
	}
	views := make([]productView, 0, len(list))
	for _, p := range list {
		views = append(views, viewProduct(p))
	}
	return map[string]any{"products": views}, nil
}

type returnArgs struct {
	OrderID         string   `json:"order_id"`
	ItemIDs         []string `json:"item_ids"`
	PaymentMethodID string   `json:"payment_method_id"`
}

func (s *Store) returnDeliveredOrderItems(ctx context.Context, args returnArgs, call tools.Call) (any, error) {
	answer, err := s.once(ctx, call.Key, call.Caller.CustomerID, call.Name, func(tx *sql.Tx, now time.Time) (any, error) {
		o, err := requestReturn(ctx, tx, now, call.Caller.CustomerID, args.OrderID, args.ItemIDs, args.PaymentMethodID)
		if err != nil {
			return nil, err
		}
		c, err := customer(ctx, tx, o.CustomerID)
		if err != nil {
			return nil, err
		}
		return viewOrder(o, c), nil
	})
	if err != nil {
		return nil, told(err)
	}
	return answer, nil
}

// told makes of a refusal what the model hears; other errors stay ours.
func told(err error) error {
	for refusal, code := range map[error]string{
		ErrNoOrder: tools.NotFound, ErrNoCustomer: tools.NotFound, ErrNoPaymentMethod: tools.NotFound, ErrNoItem: tools.NotFound,
		ErrNotDelivered: tools.Conflict, ErrPaymentMethod: tools.NotAllowed,
	} {
		if errors.Is(err, refusal) {
			return &tools.Error{Code: code, Message: refusal.Error()}
		}
	}
	return err
}
