package shop

import (
	"bytes"
	"context"
	"slices"

	"parley/tools"
)

// listed is how many orders list_my_orders tells of. More could not be listened to.
const listed = 10

// shown is how many products search_products gives when it is not told.
const shown = 5

// Functions are the builtins over the store, for tool files to name.
func (s *Store) Functions() []tools.Function {
	return slices.Concat(s.lookups(), s.writes())
}

func (s *Store) lookups() []tools.Function {
	return []tools.Function{
		function("find_user_id_by_email", tools.Read, s.findUserIDByEmail),
		function("find_user_id_by_name_zip", tools.Read, s.findUserIDByNameZip),
		function("get_user_details", tools.Read, s.getUserDetails),
		function("list_my_orders", tools.Read, s.listMyOrders),
		function("get_order_details", tools.Read, s.getOrderDetails),
		function("search_products", tools.Read, s.searchProducts),
		function("list_all_product_types", tools.Read, s.listAllProductTypes),
		function("get_product_details", tools.Read, s.getProductDetails),
		function("get_item_details", tools.Read, s.getItemDetails),
		function("calculate", tools.Read, calculate),
		function("track_parcel", tools.Read, s.trackParcel),
		function("return_options", tools.Read, s.returnOptions),
		function("check_stock", tools.Read, s.checkStock),
		function("shipping_options", tools.Read, s.shippingOptions),
	}
}

func (s *Store) writes() []tools.Function {
	return []tools.Function{
		function("cancel_pending_order", tools.Write, s.cancelPendingOrder),
		function("modify_pending_order_address", tools.Write, s.modifyPendingOrderAddress),
		function("modify_pending_order_items", tools.Write, s.modifyPendingOrderItems),
		function("modify_pending_order_payment", tools.Write, s.modifyPendingOrderPayment),
		function("modify_user_address", tools.Write, s.modifyUserAddress),
		function("return_delivered_order_items", tools.Write, s.returnDeliveredOrderItems),
		function("exchange_delivered_order_items", tools.Write, s.exchangeDeliveredOrderItems),
		function("report_parcel_problem", tools.Write, s.reportParcelProblem),
		function("transfer_to_human_agents", tools.Write, s.transferToHumanAgents),
	}
}

// function makes a builtin of a function over the store: its refusals are told to
// the model, and a text with a NUL, which PostgreSQL cannot keep, is one.
func function[A any](name string, effect tools.Effect, run func(context.Context, A, tools.Call) (any, error)) tools.Function {
	return tools.Func("shop."+name, effect, func(ctx context.Context, args A, call tools.Call) (any, error) {
		if bytes.Contains(call.Arguments, []byte(`\u0000`)) {
			return nil, &tools.Error{Code: tools.InvalidArguments, Message: "The arguments hold a NUL character, which is not text."}
		}
		value, err := run(ctx, args, call)
		if err != nil {
			return nil, told(err)
		}
		return value, nil
	})
}

type orderArgs struct {
	OrderID string `json:"order_id"`
}

func (s *Store) getOrderDetails(ctx context.Context, args orderArgs, call tools.Call) (any, error) {
	var v orderView
	err := s.view(ctx, func(q queryer) error {
		o, err := order(ctx, q, reachOf(call.Caller), args.OrderID)
		if err != nil {
			return err
		}
		c, err := customer(ctx, q, o.CustomerID)
		if err != nil {
			return err
		}
		if v = viewOrder(o, c, !call.Caller.Staff); call.Caller.Staff {
			v.Photos, err = requestPhotos(ctx, q, o.ID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

func (s *Store) listMyOrders(ctx context.Context, _ struct{}, call tools.Call) (any, error) {
	if !reachOf(call.Caller).has(call.Caller.CustomerID) {
		return nil, ErrNoCustomer
	}
	c, err := s.Customer(ctx, call.Caller.CustomerID)
	if err != nil {
		return nil, err
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
		args.Limit = shown
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
