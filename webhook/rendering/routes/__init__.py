"""Routes: the objects of a gateway that split the requests between the predictors.

`render.render_routes` makes them, each kind of gateway in a module of its own. Which gateway and
hosts they may attach to is in `attachment`, what is behind them in `backends`.
"""
